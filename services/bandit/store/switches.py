"""The record of freezes in Postgres."""

from sqlalchemy import Engine, text

from services.bandit.domain.ports import LearningSwitch
from shared.errors import AlreadyExists, Reason
from shared.store.engine import transaction
from shared.store.notify import notify

CHANNEL = "learning_switches"

_ADD = text(
    "INSERT INTO learning_switches (experiment_id, frozen, reason, actor, switched_at, request_id)"
    " VALUES (:experiment_id, :frozen, :reason, :actor, :switched_at, nullif(:request_id, ''))"
    " ON CONFLICT (request_id) DO NOTHING RETURNING switch_id"
)
_BY_REQUEST = text(
    "SELECT experiment_id, frozen, reason, actor, switched_at FROM learning_switches WHERE request_id = :request_id"
)


class PostgresSwitchStore:
    """Keeps the record. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, entry: LearningSwitch, *, request_id: str) -> LearningSwitch:
        """Puts an entry on record and wakes the learner; a repeated request id returns the entry it made."""
        with transaction(self._engine) as connection:
            if connection.scalar(_ADD, {**entry._asdict(), "request_id": request_id}) is not None:
                notify(connection, CHANNEL, entry.experiment_id)
                return entry
            made = LearningSwitch(*connection.execute(_BY_REQUEST, {"request_id": request_id}).one())
        if made[:3] != entry[:3]:
            raise AlreadyExists(
                Reason.REQUEST_ID_REUSED,
                f"request id {request_id!r} was used for a different request",
                metadata={"request_id": request_id},
            )
        return made
