"""Experiments and their revisions in Postgres."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, cast, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import JSONPATH, insert

from services.review.domain.change_request import RequestKey
from services.review.domain.model import Creation, ExperimentCursor, ExperimentFilter, Revision, Served
from services.review.domain.policy.advice import Advice, AdviceVerdict
from services.review.store import documents, rows
from services.review.store.tables import experiment_revisions, experiments
from shared.definition import document, model
from shared.store import notify

CHANNEL: Final = "experiments"

# The bandit's: read here, never written.
_SNAPSHOT: Final = text(
    "SELECT document FROM policy_snapshots WHERE experiment_id = :experiment_id ORDER BY policy_version DESC LIMIT 1"
)

# The AI service's: read here, never written. Analyses of data or by a plan that somebody gave are theirs: else whoever
# wants a change could have it advised.
_ADVICE: Final = text(
    "SELECT verdict, arm_id FROM analyses JOIN jobs USING (job_id) WHERE analyses.experiment_id = :experiment_id"
    " AND input -> 'data' = 'null' AND input -> 'plan' = 'null' ORDER BY analyses.version DESC LIMIT 1"
)


class PostgresExperiments:
    """Is the part of a transaction that keeps experiments; see `ports.Experiments`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, revision: Revision, key: RequestKey) -> bool:
        """Adds an experiment with its first revision and announces it, unless an id is taken."""
        row = {
            **rows.experiment_row(revision.experiment),
            "create_request_id": key.request_id or None,
            "create_request_digest": key.digest,
            "created_at": revision.experiment.created_at,
        }
        # Waits for a rival with the same ids, so that it is visible to the next statement.
        added = insert(experiments).values(row).on_conflict_do_nothing().returning(experiments.c.experiment_id)
        if self._connection.execute(added).first() is None:
            return False
        self._add_revision(revision)
        return True

    def find_creation(self, request_id: str) -> Creation | None:
        """Returns the experiment that the request created, as it was then."""
        creation = (
            select(experiment_revisions.c.definition, experiments.c.create_request_digest)
            .join(experiments, experiments.c.experiment_id == experiment_revisions.c.experiment_id)
            .where(experiments.c.create_request_id == request_id, experiment_revisions.c.revision == 1)
        )
        row = self._connection.execute(creation).first()
        return Creation(document.from_document(row.definition), row.create_request_digest) if row else None

    def find(self, experiment_id: str) -> model.Experiment | None:
        """Returns the experiment as of its newest revision."""
        return self._one_experiment(_definition_of(experiment_id))

    def lock(self, experiment_id: str) -> model.Experiment | None:
        """Returns the same, and locks it until the transaction ends."""
        return self._one_experiment(_definition_of(experiment_id).with_for_update())

    def paused_arm_ids(self, experiment_id: str) -> frozenset[str] | None:
        """Returns the arms that the bandit's newest snapshot has paused; None: there is none."""
        document = self._connection.scalar(_SNAPSHOT, {"experiment_id": experiment_id})
        if document is None:
            return None
        return frozenset(arm["arm_id"] for arm in document["arms"] if arm.get("paused"))

    def advice(self, experiment_id: str) -> Advice | None:
        """Returns what the newest analysis of the recorded data decided; None: there is none."""
        row = self._connection.execute(_ADVICE, {"experiment_id": experiment_id}).first()
        return Advice(AdviceVerdict(row.verdict), row.arm_id) if row else None

    def save(self, revision: Revision) -> None:
        """Makes the revision the newest of its experiment and announces it."""
        experiment = revision.experiment
        newest = (
            update(experiments)
            .where(experiments.c.experiment_id == experiment.experiment_id)
            .values(rows.experiment_row(experiment))
        )
        self._connection.execute(newest)
        self._add_revision(revision)

    def served(self, experiment_id: str) -> Served:
        """Returns the parts of all revisions since the experiment was first started."""
        arm_ids = self._served_parts(experiment_id, "$.arms[*].arm_id")
        metrics = self._served_parts(experiment_id, "$.metrics[*]")
        return Served(frozenset(arm_ids), tuple(map(documents.metric_from_document, metrics)))

    def find_revision(self, experiment_id: str, number: int) -> Revision | None:
        """Returns one revision."""
        one = _revisions_of(experiment_id).where(experiment_revisions.c.revision == number)
        row = self._connection.execute(one).first()
        return rows.revision_from_row(row) if row else None

    def list_revisions(self, experiment_id: str, *, before: int | None, limit: int) -> list[Revision]:
        """Returns the newest revisions, newest first; with `before`, those below that number."""
        newest = _revisions_of(experiment_id).order_by(experiment_revisions.c.revision.desc()).limit(limit)
        if before is not None:
            newest = newest.where(experiment_revisions.c.revision < before)
        return [rows.revision_from_row(row) for row in self._connection.execute(newest)]

    def list_experiments(
        self, kept: ExperimentFilter, *, after: ExperimentCursor | None, limit: int
    ) -> list[model.Experiment]:
        """Returns the newest experiments, newest first, then by id; with `after`, those that follow that place."""
        newest = (
            select(experiments.c.definition)
            .where(*_kept(kept), *_following(after))
            .order_by(experiments.c.created_at.desc(), experiments.c.experiment_id)
            .limit(limit)
        )
        return [document.from_document(row.definition) for row in self._connection.execute(newest)]

    def _one_experiment(self, query: Select[Any]) -> model.Experiment | None:
        row = self._connection.execute(query).first()
        return document.from_document(row.definition) if row else None

    def _served_parts(self, experiment_id: str, path: str) -> list[Any]:
        definition = experiment_revisions.c.definition
        parts = (
            select(func.jsonb_path_query(definition, cast(path, JSONPATH), type_=definition.type))
            .where(experiment_revisions.c.experiment_id == experiment_id, definition.has_key("started_at"))
            .distinct()
        )
        return list(self._connection.scalars(parts))

    def _add_revision(self, revision: Revision) -> None:
        self._connection.execute(insert(experiment_revisions).values(rows.revision_row(revision)))
        notify.notify(self._connection, CHANNEL, revision.experiment.experiment_id)


def _definition_of(experiment_id: str) -> Select[Any]:
    return select(experiments.c.definition).where(experiments.c.experiment_id == experiment_id)


def _revisions_of(experiment_id: str) -> Select[Any]:
    return select(experiment_revisions).where(experiment_revisions.c.experiment_id == experiment_id)


def _kept(kept: ExperimentFilter) -> Iterator[ColumnElement[bool]]:
    if kept.states:
        yield experiments.c.state.in_(kept.states)
    if kept.labels:
        yield experiments.c.labels.contains(dict(kept.labels))
    if kept.text:
        yield func.strpos(experiments.c.search_text, kept.text.casefold()) > 0


def _following(cursor: ExperimentCursor | None) -> Iterator[ColumnElement[bool]]:
    if cursor:
        created_at, experiment_id = experiments.c.created_at, experiments.c.experiment_id
        at_once = and_(created_at == cursor.created_at, experiment_id > cursor.experiment_id)
        yield or_(created_at < cursor.created_at, at_once)
