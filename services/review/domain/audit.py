"""The audit log: events chained by their hashes, so that a lost, added or altered one shows."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from services.review.domain import digests

# The hash before the first event.
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """Says who did what to what, when; details are texts, which every store gives back unaltered."""

    actor: str
    action: str
    target: str
    details: Mapping[str, str]
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Is an entry in its place in the log, counted from 1; `hash` covers all else."""

    sequence: int
    previous_hash: str
    hash: str
    entry: Entry


def chained(entry: Entry, *, previous: Event | None) -> Event:
    """Returns the entry as the event that follows the previous one; None: as the first."""
    sequence, previous_hash = (previous.sequence + 1, previous.hash) if previous else (1, GENESIS)
    link = digests.sha256({"sequence": sequence, "previous_hash": previous_hash, **asdict(entry)})
    return Event(sequence, previous_hash, link, entry)


def is_intact(events: Iterable[Event]) -> bool:
    """Returns whether these are all events from the first on, unaltered and in order."""
    ordered = list(events)
    return all(
        event == chained(event.entry, previous=previous)
        for previous, event in itertools.pairwise([None, *ordered])
        if event is not None
    )
