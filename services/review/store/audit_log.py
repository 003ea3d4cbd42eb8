"""The audit log in Postgres."""

from typing import Final

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from services.review.domain import audit
from services.review.store import rows
from services.review.store.tables import audit_events

# Whoever appends holds this advisory lock until the end of its transaction.
_AUDIT_LOCK: Final = 0x6175646974


class PostgresAuditLog:
    """Is the part of a transaction that keeps the audit log; see `ports.AuditLog`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, entry: audit.Entry) -> None:
        """Appends to the audit log; all other writers wait from here to the end of the transaction."""
        self._connection.execute(select(func.pg_advisory_xact_lock(_AUDIT_LOCK)))
        newest = select(audit_events).order_by(audit_events.c.sequence.desc()).limit(1)
        row = self._connection.execute(newest).first()
        event = audit.chained(entry, previous=rows.event_from_row(row) if row else None)
        self._connection.execute(insert(audit_events).values(rows.event_row(event)))

    def list_events(self, *, after: int, limit: int) -> list[audit.Event]:
        """Returns the first events with a sequence above `after`, in order."""
        following = (
            select(audit_events).where(audit_events.c.sequence > after).order_by(audit_events.c.sequence).limit(limit)
        )
        return [rows.event_from_row(row) for row in self._connection.execute(following)]
