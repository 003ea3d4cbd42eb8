"""A replica's use cases over a world in memory, with the clock in hand."""

from datetime import datetime, timedelta
from itertools import count

from services.bandit.service.policy_book import PolicyBook
from services.bandit.service.recording import RecordingService
from services.bandit.service.serving import AllocationService
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import NOW, signer
from tests.fakes.bandit import HandClock, InMemoryAllocationLog, InMemoryOutcomeLog, InMemoryPolicyStore

STALE_AFTER = timedelta(seconds=5)


class World:
    """Is one replica; what is published here, it serves at once."""

    def __init__(self, *snapshots: PolicySnapshot, now: datetime = NOW) -> None:
        self.clock = HandClock(now)
        self.store = InMemoryPolicyStore()
        self.book = PolicyBook(
            self.store, monotonic=self.clock.monotonic, stale_after_seconds=STALE_AFTER.total_seconds()
        )
        self.allocations = InMemoryAllocationLog()
        self.outcomes = InMemoryOutcomeLog()
        self.signer = signer()
        numbers = count(1)
        self.serving = AllocationService(
            self.book,
            self.allocations,
            self.signer,
            now_ms=self.clock.milliseconds,
            new_allocation_id=lambda: f"fresh-{next(numbers)}",
        )
        self.recording = RecordingService(
            self.book, self.allocations, self.outcomes, self.signer, now=self.clock
        )
        self.publish(*snapshots)

    def publish(self, *snapshots: PolicySnapshot) -> None:
        """Publishes and serves."""
        for snapshot in snapshots:
            self.store.add(snapshot)
        self.book.replace(snapshots)
        self.book.confirm()
