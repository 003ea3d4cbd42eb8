"""How what is sent to providers is kept."""

from typing import Protocol

from services.ai.domain.calls import CallRecord, SpendLedger
from services.ai.domain.queries import Cursor, StoredCall


class Calls(SpendLedger, Protocol):
    """Keeps what was sent to providers. A call is on record before it is sent, so that a crash hides no spending."""

    def begin(self, call_id: str, job_id: str, call: CallRecord, *, system: str) -> None:
        """Records a call that is about to be sent, with its system text; its cost is the most that it can be."""

    def end(self, call_id: str, call: CallRecord) -> None:
        """Puts in what came of it; nothing once that is known."""

    def note_violations(self, call_id: str, violations: tuple[str, ...]) -> None:
        """Puts in what the check found."""

    def count_for(self, job_id: str) -> int:
        """Returns how many calls a job has made, those that nobody saw the end of included."""

    def list_calls(self, job_id: str, *, after: Cursor | None, limit: int) -> list[StoredCall]:
        """Returns a job's calls, oldest first."""
