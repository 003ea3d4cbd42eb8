"""The bandit's record of switches in Postgres, for the audit log."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, text

from services.review.domain.switches import LearningSwitch
from services.review.store.audit_log import PostgresAuditLog
from shared.store import engine as store_engine

# Whoever tells of switches holds this advisory lock until the end of its transaction.
_SWITCH_LOCK: Final = 0x737769746368

_LOCK = text("SELECT pg_advisory_xact_lock(:key)")

# Switches become visible in any order, so the ones that are missing are looked for, not those beyond the last one.
_UNAUDITED = text(
    "SELECT switch_id, experiment_id, kind, reason, actor, switched_at FROM learning_switches AS switch"
    " WHERE NOT EXISTS (SELECT FROM audit_events WHERE details ? 'switch_id'"
    " AND details ->> 'switch_id' = switch.switch_id::text) ORDER BY switch_id LIMIT :limit"
)


class PostgresSwitches:
    """Is the part of a transaction that reads the record; see `switch_audit.Switches`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock_unaudited(self, *, limit: int) -> list[LearningSwitch]:
        """Returns the first switches that the audit log does not tell of, in their order."""
        self._connection.execute(_LOCK, {"key": _SWITCH_LOCK})
        return [LearningSwitch(*row) for row in self._connection.execute(_UNAUDITED, {"limit": limit})]


class PostgresSwitchTransaction:
    """Is one database transaction, READ COMMITTED: what is asked behind a lock sees what its last holder did."""

    def __init__(self, connection: Connection) -> None:
        self.switches = PostgresSwitches(connection)
        self.audit = PostgresAuditLog(connection)


class PostgresSwitchStore:
    """Has the record of switches and the audit log in Postgres; safe for use by many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def transaction(self) -> Iterator[PostgresSwitchTransaction]:
        """Returns a new transaction; see `switch_audit.SwitchStore`."""
        with store_engine.transaction(self._engine) as connection:
            yield PostgresSwitchTransaction(connection)
