"""A spend ledger in memory; it passes the contract that the one on Postgres passes."""

import threading
from datetime import datetime

from services.ai.domain.calls import CallRecord, Spend


class InMemorySpendLedger:
    """Keeps attempts in a list."""

    def __init__(self) -> None:
        self.calls: list[CallRecord] = []
        self._lock = threading.Lock()

    def record(self, call: CallRecord) -> None:
        """Keeps an attempt."""
        with self._lock:
            self.calls.append(call)

    def spent_since(self, day_start: datetime) -> Spend:
        """Returns what the attempts cost from that instant on."""
        with self._lock:
            later = [call for call in self.calls if call.at >= day_start]
        return Spend(sum(call.cost_usd for call in later), sum(call.usage.total_tokens for call in later))
