"""What was sent to providers, in Postgres: rows that are added before anything is sent, and completed once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, Row, func, select, update
from sqlalchemy.dialects import postgresql

from services.ai.domain.calls import CallRecord, Spend
from services.ai.domain.queries import Cursor, StoredCall
from services.ai.store import paging
from services.ai.store.documents import from_document, to_document
from services.ai.store.tables import llm_calls, system_texts
from shared.store.engine import transaction

_column: Final = llm_calls.c


@dataclass(frozen=True, slots=True)
class _Found:
    """Is what the check found: texts that may quote what a provider wrote."""

    violations: tuple[str, ...]


class PostgresCalls:
    """Is `ports.Calls`. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, call_id: str, job_id: str, call: CallRecord, *, system: str) -> None:
        """Records a call that is about to be sent."""
        told = {"sha256": call.system_sha256, "text": system}
        row = {"call_id": call_id, "job_id": job_id, "system_sha256": call.system_sha256, **_changing(call)}
        with transaction(self._engine) as connection:
            connection.execute(postgresql.insert(system_texts).values(told).on_conflict_do_nothing())
            connection.execute(postgresql.insert(llm_calls).values(row).on_conflict_do_nothing())

    def end(self, call_id: str, call: CallRecord) -> None:
        """Puts in what came of it."""
        ended = (
            update(llm_calls).where(_column.call_id == call_id, ~_column.ended).values(ended=True, **_changing(call))
        )
        with transaction(self._engine) as connection:
            connection.execute(ended)

    def note_violations(self, call_id: str, violations: tuple[str, ...]) -> None:
        """Puts in what the check found."""
        noted = update(llm_calls).where(_column.call_id == call_id).values(to_document(_Found(violations)))
        with transaction(self._engine) as connection:
            connection.execute(noted)

    def count_for(self, job_id: str) -> int:
        """Returns how many calls a job has made."""
        counted = select(func.count()).select_from(llm_calls).where(_column.job_id == job_id)
        with transaction(self._engine) as connection:
            return connection.scalar(counted) or 0

    def list_calls(self, job_id: str, *, after: Cursor | None, limit: int) -> list[StoredCall]:
        """Returns a job's calls, oldest first, then by id."""
        oldest = (
            select(llm_calls, system_texts.c.text)
            .join(system_texts, system_texts.c.sha256 == _column.system_sha256)
            .where(_column.job_id == job_id, *paging.newer(_column.at, _column.call_id, after))
            .order_by(_column.at, _column.call_id)
            .limit(limit)
        )
        with transaction(self._engine) as connection:
            return [_stored(row) for row in connection.execute(oldest)]

    def spent_since(self, day_start: datetime) -> Spend:
        """Returns what the calls from that instant on cost, those under way included."""
        sums = select(
            func.coalesce(func.sum(_column.cost_usd), 0.0).label("cost_usd"),
            func.coalesce(func.sum(_column.tokens), 0).label("tokens"),
        )
        with transaction(self._engine) as connection:
            row = connection.execute(sums.where(_column.at >= day_start)).one()
        return Spend(float(row.cost_usd), int(row.tokens))


def _stored(row: Row[Any]) -> StoredCall:
    found = from_document(_Found, {"violations": row.violations})
    return StoredCall(row.call_id, row.job_id, from_document(CallRecord, row.document), row.text, found.violations)


def _changing(call: CallRecord) -> dict[str, object]:
    return {
        "at": call.at,
        "cost_usd": call.cost_usd,
        "tokens": call.usage.total_tokens,
        "document": to_document(call),
    }
