"""What became of the rows that were recorded."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Says what became of the rows of one kind.

    Attributes:
        waiting: They are in memory, or on their way.
        delivered: The server has them, durably.
        rejected: The server will not take them; each was reported.
        refused: There was no room for them, which their callers were told.
    """

    waiting: int
    delivered: int
    rejected: int
    refused: int


class Counts(NamedTuple):
    """Says what became of everything that was recorded."""

    exposures: RowCounts
    outcomes: RowCounts


class Undelivered(NamedTuple):
    """Counts the rows that the server did not acknowledge before the client was closed."""

    exposure_count: int
    outcome_count: int
