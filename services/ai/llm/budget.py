"""What may be spent a day: the most that a call can cost is held before it is sent, and given back when it is recorded.

What was spent is asked of the ledger each time, which all processes share and which outlives them. Held money is known
to its own process alone: several processes together can spend too much by one call each, and no more.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from services.ai.domain.asking import FallbackReason, ProviderFailure
from services.ai.domain.calls import Spend, SpendLedger
from shared.clock import Clock


@dataclass(slots=True)
class Hold:
    """Is what is held for one call.

    Attributes:
        most: The most that it can cost.
        unclear: Whether it is not on record what it cost, and it stays held until the day is over.
    """

    most: Spend
    unclear: bool = False


class Budget:
    """Keeps a day (UTC) within its limits; safe for use by many threads."""

    def __init__(self, ledger: SpendLedger, limit: Spend, *, now: Clock) -> None:
        self._ledger = ledger
        self._limit = limit
        self._now = now
        self._lock = threading.Lock()
        self._held: dict[int, tuple[Hold, datetime]] = {}

    def remaining(self) -> Spend:
        """Returns what may still be spent today, with what is held taken off; never below 0."""
        with self._lock:
            spent = self._spent(_day_of(self._now()))
        return Spend(
            max(self._limit.cost_usd - spent.cost_usd, 0.0),
            max(self._limit.tokens - spent.tokens, 0),
        )

    @contextmanager
    def held(self, most: Spend) -> Iterator[Hold]:
        """Holds the most that a call can cost, for as long as the block takes; in it, the call is to be recorded.

        Raises:
            ProviderFailure: BUDGET_SPENT: there is not as much left.
        """
        hold = Hold(most)
        with self._lock:
            day = _day_of(self._now())
            spent = self._spent(day)
            if spent.cost_usd + most.cost_usd > self._limit.cost_usd or spent.tokens + most.tokens > self._limit.tokens:
                raise ProviderFailure(
                    FallbackReason.BUDGET_SPENT,
                    f"the day's budget has too little left: {spent.cost_usd:.2f} of {self._limit.cost_usd:.2f} USD and "
                    f"{spent.tokens} of {self._limit.tokens} tokens are spent or held",
                )
            key = max(self._held, default=0) + 1
            self._held[key] = (hold, day)
        try:
            yield hold
        finally:
            # With the lock: nobody may read the ledger before the record and the holds after this.
            with self._lock:
                if not hold.unclear:
                    del self._held[key]

    def _spent(self, day: datetime) -> Spend:
        """Returns what was spent and what is held; the holds are read first, so that no call is missed between both."""
        self._held = {key: (hold, held) for key, (hold, held) in self._held.items() if not hold.unclear or held >= day}
        holds = [hold.most for hold, _ in self._held.values()]
        recorded = self._ledger.spent_since(day)
        return Spend(
            recorded.cost_usd + sum(one.cost_usd for one in holds), recorded.tokens + sum(one.tokens for one in holds)
        )


def _day_of(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)
