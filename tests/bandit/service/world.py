"""A replica's use cases over a world in memory, with the clock in hand."""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import count

from services.bandit.domain.token import TokenSigner
from services.bandit.service.policy_book import PolicyBook
from services.bandit.service.recording import RecordingService
from services.bandit.service.serving import AllocationService
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import NOW, signer
from tests.fakes.bandit import HandClock, InMemoryAllocationLog, InMemoryOutcomeLog, InMemoryPolicyStore

STALE_AFTER = timedelta(seconds=5)


def numbered() -> Callable[[], str]:
    """Returns a source of the ids fresh-1, fresh-2, ..."""
    numbers = count(1)
    return lambda: f"fresh-{next(numbers)}"


class World:
    """Is one replica; what is published here, it serves at once."""

    def __init__(
        self,
        *snapshots: PolicySnapshot,
        signed_by: TokenSigner | None = None,
        new_allocation_id: Callable[[], str] | None = None,
    ) -> None:
        self.clock = HandClock(NOW)
        self.store = InMemoryPolicyStore()
        self.book = PolicyBook(
            self.store, monotonic=self.clock.monotonic, stale_after_seconds=STALE_AFTER.total_seconds()
        )
        self.allocations = InMemoryAllocationLog()
        self.outcomes = InMemoryOutcomeLog()
        self.signer = signed_by or signer()
        self.serving = AllocationService(
            self.book,
            self.allocations,
            self.signer,
            now_ms=self.clock.milliseconds,
            new_allocation_id=new_allocation_id or numbered(),
        )
        self.recording = RecordingService(
            self.book, self.allocations, self.outcomes, self.signer, now=self.clock, turn=threading.Lock()
        )
        if snapshots:
            self.publish(*snapshots)

    def publish(self, *snapshots: PolicySnapshot) -> None:
        """Publishes and serves."""
        for snapshot in snapshots:
            self.store.add(snapshot)
        self.book.replace(snapshots)
        self.book.confirm()
