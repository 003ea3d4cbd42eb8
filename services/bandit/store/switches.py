"""The record of switches in Postgres."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, Row, text

from services.bandit.domain.switches import LearningSwitch, SwitchKind
from shared.errors import AlreadyExists, Reason
from shared.store.engine import transaction
from shared.store.notify import notify

CHANNEL = "learning_switches"

_ADD = text(
    "INSERT INTO learning_switches (experiment_id, kind, reason, actor, switched_at, request_id)"
    " VALUES (:experiment_id, :kind, :reason, :actor, :switched_at, nullif(:request_id, ''))"
    " ON CONFLICT (request_id) DO NOTHING RETURNING switch_id"
)
_BY_REQUEST = text(
    "SELECT experiment_id, kind, reason, actor, switched_at FROM learning_switches WHERE request_id = :request_id"
)
_SERVING_CONTROL = text(
    "SELECT * FROM (SELECT DISTINCT ON (experiment_id) experiment_id, kind, reason, actor, switched_at"
    " FROM learning_switches WHERE kind IN ('SERVE_CONTROL', 'SERVE_ARMS') ORDER BY experiment_id, switch_id DESC)"
    " AS newest WHERE kind = 'SERVE_CONTROL'"
)


class PostgresSwitchStore:
    """Keeps the record. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, entry: LearningSwitch, *, request_id: str) -> LearningSwitch:
        """Puts an entry on record and tells the learner and the replicas.

        A repeated request id returns the entry it made; an empty one is none.
        """
        with transaction(self._engine) as connection:
            if connection.scalar(_ADD, {**entry._asdict(), "request_id": request_id}) is not None:
                notify(connection, CHANNEL, entry.experiment_id)
                return entry
            made = _switch(connection.execute(_BY_REQUEST, {"request_id": request_id}).one())
        if not made.asks_the_same_as(entry):
            raise AlreadyExists(
                Reason.REQUEST_ID_REUSED,
                f"request id {request_id!r} was used for a different request",
                metadata={"request_id": request_id},
            )
        return made

    def serving_control(self) -> Mapping[str, LearningSwitch]:
        """Returns the entries by which the control is served, by experiment."""
        with transaction(self._engine) as connection:
            return {row.experiment_id: _switch(row) for row in connection.execute(_SERVING_CONTROL)}


def _switch(row: Row[Any]) -> LearningSwitch:
    return LearningSwitch(row.experiment_id, SwitchKind(row.kind), row.reason, row.actor, row.switched_at)
