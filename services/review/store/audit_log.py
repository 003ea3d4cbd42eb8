"""The audit log in Postgres."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, case, func, insert, select

from services.review.domain import audit
from services.review.domain.model import AuditFilter
from services.review.store import rows
from services.review.store.tables import audit_events

# Whoever appends holds this advisory lock until the end of its transaction.
_AUDIT_LOCK: Final = 0x6175646974

_column = audit_events.c

# Tampering can leave an instant that no calendar here has: it is read as none, so that the rest can be told.
_CALENDAR: Final = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
_events: Final[Select[Any]] = select(
    *(column for column in _column if column is not _column.occurred_at),
    case((_column.occurred_at.between(*_CALENDAR), _column.occurred_at)).label("occurred_at"),
)


class PostgresAuditLog:
    """Is the part of a transaction that keeps the audit log; see `ports.AuditLog`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, *entries: audit.Entry) -> None:
        """Appends to the audit log; all other writers wait from here to the end of the transaction."""
        self._connection.execute(select(func.pg_advisory_xact_lock(_AUDIT_LOCK)))
        newest = _events.order_by(_column.sequence.desc()).limit(1)
        row = self._connection.execute(newest).first()
        previous = rows.event_from_row(row) if row else None
        for entry in entries:
            previous = audit.chained(entry, previous=previous)
            self._connection.execute(insert(audit_events).values(rows.event_row(previous)))

    def list_events(
        self, kept: AuditFilter, *, before: int | None, limit: int, newest_first: bool = False
    ) -> list[audit.Event]:
        """Returns the first events that are kept, by sequence."""
        sequence = _column.sequence
        found = _events.where(sequence > kept.after_sequence, *_kept(kept)).limit(limit)
        if before is not None:
            found = found.where(sequence < before)
        found = found.order_by(sequence.desc() if newest_first else sequence)
        return [rows.event_from_row(row) for row in self._connection.execute(found)]


def _kept(kept: AuditFilter) -> Iterator[ColumnElement[bool]]:
    if kept.actor:
        yield _column.actor == kept.actor
    if kept.action_prefix:
        yield _column.action.startswith(kept.action_prefix, autoescape=True)
    if kept.target:
        yield _column.target == kept.target
