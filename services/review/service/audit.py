"""The use cases of the audit log: reading it, and finding out whether it is unaltered."""

from dataclasses import dataclass
from typing import Final

from services.review.domain import audit
from services.review.domain.model import AuditFilter, Page
from services.review.domain.ports import ReviewStore

_BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class Verification:
    """Is what became of recomputing the hashes: how far the log is unaltered, and what is wrong beyond.

    Attributes:
        broken_sequence: 0 where the log is intact.
        last_sequence: Of the last unaltered event; 0: there is none.
        last_hash: Its hash.
    """

    intact_count: int
    last_sequence: int
    last_hash: str
    broken_sequence: int = 0
    problem: str = ""

    @property
    def is_intact(self) -> bool:
        """Returns whether nothing is wrong."""
        return self.broken_sequence == 0


class AuditService:
    """Reads the audit log; safe for use by many threads.

    Every method raises Unavailable STORE_UNAVAILABLE when the store cannot be reached.
    """

    def __init__(self, store: ReviewStore) -> None:
        self._store = store

    def list_events(
        self, kept: AuditFilter, *, before: int | None, limit: int, newest_first: bool
    ) -> Page[audit.Event]:
        """Returns at most limit events, oldest first or newest first."""
        with self._store.transaction() as transaction:
            found = transaction.audit.list_events(kept, before=before, limit=limit + 1, newest_first=newest_first)
        return Page.of(found, limit)

    def verify(self, known_sequence: int = 0, known_hash: str = "") -> Verification:
        """Returns whether every event is unaltered and in its place.

        What was cut off the end, or written anew from some place on, shows by a hash that was known before.

        Args:
            known_sequence: A place that the caller knows from before; 0: none.
            known_hash: The hash there.
        """
        previous: audit.Event | None = None
        known = {known_sequence: known_hash} if known_sequence else {}
        while batch := self._after(previous):
            for event in batch:
                problem = _problem(event, previous, known)
                if problem:
                    return _verification(previous, (previous.sequence if previous else 0) + 1, problem)
                previous = event
        last = previous.sequence if previous else 0
        if known_sequence > last:
            return _verification(previous, last + 1, f"the log ends before event {known_sequence}, which was there")
        return _verification(previous)

    def _after(self, previous: audit.Event | None) -> list[audit.Event]:
        after = AuditFilter(after_sequence=previous.sequence if previous else 0)
        with self._store.transaction() as transaction:
            return transaction.audit.list_events(after, before=None, limit=_BATCH)


def _problem(event: audit.Event, previous: audit.Event | None, known: dict[int, str]) -> str:
    sequence, previous_hash = (previous.sequence + 1, previous.hash) if previous else (1, audit.GENESIS)
    if event.sequence != sequence:
        return f"event {sequence} is missing; {event.sequence} follows"
    if event.previous_hash != previous_hash:
        return f"event {event.sequence} does not continue the event before it"
    if not _has_its_hash(event, previous):
        return f"event {event.sequence} is not what its hash was made of"
    if known.get(event.sequence, event.hash) != event.hash:
        return f"event {event.sequence} has another hash than the one known from before: the log was written anew"
    return ""


def _has_its_hash(event: audit.Event, previous: audit.Event | None) -> bool:
    try:
        return event == audit.chained(event.entry, previous=previous)
    except ValueError:  # of particulars that no event was ever made of, such as a number that is not finite
        return False


def _verification(last: audit.Event | None, broken_sequence: int = 0, problem: str = "") -> Verification:
    count, last_hash = (last.sequence, last.hash) if last else (0, audit.GENESIS)
    return Verification(count, count, last_hash, broken_sequence, problem)
