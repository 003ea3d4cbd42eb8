"""Calls of providers in memory; they pass the contract tests of `ports.Calls`."""

from dataclasses import replace
from datetime import datetime

from services.ai.domain.calls import CallRecord, Spend
from services.ai.domain.queries import Cursor, StoredCall
from tests.fakes.ai_state import AiState


class InMemoryCalls:
    def __init__(self, state: AiState) -> None:
        self._state = state

    def begin(self, call_id: str, job_id: str, call: CallRecord, *, system: str) -> None:
        with self._state.mutex:
            self._state.calls.setdefault(call_id, StoredCall(call_id, job_id, call, system))

    def end(self, call_id: str, call: CallRecord) -> None:
        with self._state.mutex:
            if call_id in self._state.calls and call_id not in self._state.ended_calls:
                self._state.calls[call_id] = replace(self._state.calls[call_id], call=call)
                self._state.ended_calls.add(call_id)

    def note_violations(self, call_id: str, violations: tuple[str, ...]) -> None:
        with self._state.mutex:
            if call_id in self._state.calls:
                self._state.calls[call_id] = replace(self._state.calls[call_id], violations=violations)

    def count_for(self, job_id: str) -> int:
        with self._state.mutex:
            return sum(stored.job_id == job_id for stored in self._state.calls.values())

    def list_calls(self, job_id: str, *, after: Cursor | None, limit: int) -> list[StoredCall]:
        with self._state.mutex:
            own = [stored for stored in self._state.calls.values() if stored.job_id == job_id]
        own.sort(key=_place)
        return [stored for stored in own if after is None or _place(stored) > (after.at, after.row_id)][:limit]

    def spent_since(self, day_start: datetime) -> Spend:
        with self._state.mutex:
            later = [stored.call for stored in self._state.calls.values() if stored.call.at >= day_start]
        return Spend(sum(call.cost_usd for call in later), sum(call.usage.total_tokens for call in later))


def _place(stored: StoredCall) -> tuple[datetime, str]:
    return stored.call.at, stored.call_id
