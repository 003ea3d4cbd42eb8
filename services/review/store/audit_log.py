"""The audit log in Postgres."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, insert, select

from services.review.domain import audit
from services.review.domain.model import AuditFilter
from services.review.store import rows
from services.review.store.tables import audit_events

# Whoever appends holds this advisory lock until the end of its transaction.
_AUDIT_LOCK: Final = 0x6175646974


class PostgresAuditLog:
    """Is the part of a transaction that keeps the audit log; see `ports.AuditLog`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, *entries: audit.Entry) -> None:
        """Appends to the audit log; all other writers wait from here to the end of the transaction."""
        self._connection.execute(select(func.pg_advisory_xact_lock(_AUDIT_LOCK)))
        newest = select(audit_events).order_by(audit_events.c.sequence.desc()).limit(1)
        row = self._connection.execute(newest).first()
        previous = rows.event_from_row(row) if row else None
        for entry in entries:
            previous = audit.chained(entry, previous=previous)
            self._connection.execute(insert(audit_events).values(rows.event_row(previous)))

    def list_events(
        self, kept: AuditFilter, *, before: int | None, limit: int, newest_first: bool = False
    ) -> list[audit.Event]:
        """Returns the first events that are kept, by sequence."""
        sequence = audit_events.c.sequence
        found = select(audit_events).where(sequence > kept.after_sequence, *_kept(kept)).limit(limit)
        if before is not None:
            found = found.where(sequence < before)
        found = found.order_by(sequence.desc() if newest_first else sequence)
        return [rows.event_from_row(row) for row in self._connection.execute(found)]


def _kept(kept: AuditFilter) -> Iterator[ColumnElement[bool]]:
    if kept.actor:
        yield audit_events.c.actor == kept.actor
    if kept.action_prefix:
        yield audit_events.c.action.startswith(kept.action_prefix, autoescape=True)
    if kept.target:
        yield audit_events.c.target == kept.target
