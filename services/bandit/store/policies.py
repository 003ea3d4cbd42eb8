"""Policy snapshots in Postgres: append-only, numbered by experiment, ordered by publication."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, text

from services.bandit.domain.ports import Publication
from shared.policy.document import from_document
from shared.policy.snapshot import PolicySnapshot
from shared.store.engine import transaction

CHANNEL = "policies"

NEWEST = text(
    "SELECT DISTINCT ON (experiment_id) publication, document FROM policy_snapshots"
    " ORDER BY experiment_id, policy_version DESC"
)
# One learner publishes at a time, so publications become visible in their order and none can be missed.
_AFTER = text("SELECT publication, document FROM policy_snapshots WHERE publication > :after ORDER BY publication")
_VERSION = text(
    "SELECT document FROM policy_snapshots WHERE experiment_id = :experiment_id AND policy_version = :policy_version"
)
_HISTORY = text(
    "SELECT document FROM policy_snapshots WHERE experiment_id = :experiment_id"
    " AND (CAST(:below AS bigint) IS NULL OR policy_version < :below) ORDER BY policy_version DESC LIMIT :limit"
)


class PostgresPolicyStore:
    """Reads published snapshots. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest(self) -> Sequence[Publication]:
        """Returns the newest snapshot of every experiment."""
        with transaction(self._engine) as connection:
            return newest(connection)

    def published_after(self, publication: int) -> Sequence[Publication]:
        """Returns what was published after a publication, in order."""
        with transaction(self._engine) as connection:
            rows = connection.execute(_AFTER, {"after": publication})
            return [Publication(row.publication, from_document(row.document)) for row in rows]

    def version(self, experiment_id: str, policy_version: int) -> PolicySnapshot | None:
        """Returns one snapshot, or None where there is no such version."""
        with transaction(self._engine) as connection:
            keys = {"experiment_id": experiment_id, "policy_version": policy_version}
            document = connection.scalar(_VERSION, keys)
            return from_document(document) if document else None

    def history(self, experiment_id: str, *, below_version: int | None, limit: int) -> Sequence[PolicySnapshot]:
        """Returns up to `limit` snapshots of an experiment, newest first."""
        with transaction(self._engine) as connection:
            arguments = {"experiment_id": experiment_id, "below": below_version, "limit": limit}
            return [from_document(document) for document in connection.scalars(_HISTORY, arguments)]


def newest(connection: Connection) -> Sequence[Publication]:
    """Returns the newest snapshot of every experiment."""
    return [Publication(row.publication, from_document(row.document)) for row in connection.execute(NEWEST)]
