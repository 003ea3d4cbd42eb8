"""The record of switches: who froze an experiment, or gave everybody its control, and who undid it."""

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple


class SwitchKind(StrEnum):
    """Says what was switched; the names are those of LearningSwitchKind."""

    FREEZE = "FREEZE"
    UNFREEZE = "UNFREEZE"
    SERVE_CONTROL = "SERVE_CONTROL"
    SERVE_ARMS = "SERVE_ARMS"


REDUCE_HARM: Final = frozenset({SwitchKind.FREEZE, SwitchKind.SERVE_CONTROL})
"""The kinds that are taken while the store is away."""


class LearningSwitch(NamedTuple):
    """Is an entry in the record."""

    experiment_id: str
    kind: SwitchKind
    reason: str
    actor: str
    switched_at: datetime

    def asks_the_same_as(self, other: "LearningSwitch") -> bool:
        """Returns whether both come of one request, or of a repetition of it."""
        return (self.experiment_id, self.kind, self.reason) == (other.experiment_id, other.kind, other.reason)


class RecordedSwitch(NamedTuple):
    """Is an entry, and whether the store has it."""

    switch: LearningSwitch
    stored: bool


class WaitingSwitch(NamedTuple):
    """Is an entry that the store does not have yet.

    Attributes:
        request_id: Names it there, so that it is stored once; never empty.
    """

    switch: LearningSwitch
    request_id: str


class LocalRecord(NamedTuple):
    """Is what a replica keeps of the record on its own disk.

    Attributes:
        waiting: What the store does not have yet, oldest first.
        serving_control: The entries by which the store last said that the control is served, by experiment.
    """

    waiting: tuple[WaitingSwitch, ...] = ()
    serving_control: tuple[LearningSwitch, ...] = ()
