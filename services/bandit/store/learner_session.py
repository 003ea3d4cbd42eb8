"""The right to learn: an advisory lock and the connection that holds it.

Everything that the learner writes goes through that one connection. Who lost the lock has lost the connection, so a
learner that was replaced cannot write.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import zip_longest

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.decisions import DecisionBlock
from services.bandit.domain.guardrails import guardrail_metrics
from services.bandit.domain.reward import reward_metric, same_reward
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from services.bandit.store import policies
from services.bandit.store.contexts import contextual_trials, earlier_trials
from services.bandit.store.decisions import latest_block
from services.bandit.store.fold import fold
from services.bandit.store.partitions import ensure_partitions
from services.bandit.store.statistics import arm_statistics, version_statistics
from shared import log
from shared.definition.document import from_document
from shared.definition.model import Experiment
from shared.policy.document import to_document
from shared.policy.snapshot import PolicySnapshot
from shared.store.engine import translate_errors
from shared.store.notify import notify

_logger = logging.getLogger(__name__)

_LOCK_KEY = 0x6578706C6561726E  # "explearn"

_REVISIONS = text("SELECT experiment_id, revision FROM experiments WHERE state <> 'DRAFT'")
_DEFINITION = text("SELECT definition FROM experiments WHERE experiment_id = :experiment_id")
_FROZEN = text(
    "SELECT experiment_id FROM (SELECT DISTINCT ON (experiment_id) experiment_id, kind FROM learning_switches"
    " WHERE kind IN ('FREEZE', 'UNFREEZE') ORDER BY experiment_id, switch_id DESC) AS newest WHERE kind = 'FREEZE'"
)
_PUBLISH = text(
    "INSERT INTO policy_snapshots (experiment_id, policy_version, document, published_at)"
    " VALUES (:experiment_id, :policy_version, CAST(:document AS json), :published_at)"
)


class PostgresLearnerSession:
    """Is the right to learn."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with translate_errors(), self._connection.begin():
            yield self._connection

    def revisions(self) -> Mapping[str, int]:
        """Returns the revision of every experiment that was ever started."""
        with self._transaction() as connection:
            return dict(connection.execute(_REVISIONS).all())

    def definition(self, experiment_id: str) -> Experiment:
        """Returns an experiment as of its newest revision."""
        with self._transaction() as connection:
            document = connection.execute(_DEFINITION, {"experiment_id": experiment_id}).scalar_one()
            return from_document(document)

    def newest_snapshots(self) -> Mapping[str, PolicySnapshot]:
        """Returns the newest snapshot of every experiment."""
        with self._transaction() as connection:
            return {entry.snapshot.experiment_id: entry.snapshot for entry in policies.newest(connection)}

    def frozen(self) -> frozenset[str]:
        """Returns the experiments whose weights are kept."""
        with self._transaction() as connection:
            return frozenset(connection.scalars(_FROZEN))

    def fold(self, definitions: Sequence[Experiment], *, now: datetime) -> frozenset[str]:
        """Folds what was committed since the last fold into the statistics, exactly once; returns whom it touched."""
        with self._transaction() as connection:
            return fold(connection, definitions, now=now)

    def ensure_partitions(self, *, now: datetime) -> None:
        """Makes the coming months' partitions of the logs where they are missing, unless writers are in the way."""
        try:
            with self._transaction() as connection:
                ensure_partitions(connection, now=now)
        except OperationalError as error:
            log.event(_logger, "partitions have to wait", level=logging.WARNING, error=str(error.orig))

    def primary_statistics(self, definitions: Sequence[Experiment]) -> Mapping[str, Mapping[str, ArmStatistics]]:
        """Returns the statistics of what each policy learns from, by experiment and arm."""
        with self._transaction() as connection:
            return arm_statistics(connection, _learned(definitions))

    def version_statistics(self, definitions: Sequence[Experiment]) -> Mapping[str, Sequence[VersionStatistics]]:
        """Returns the statistics of what each policy learns from, by experiment and policy version, oldest first."""
        with self._transaction() as connection:
            return version_statistics(connection, _learned(definitions))

    def earlier_statistics(self, definitions: Sequence[Experiment]) -> Mapping[str, Mapping[str, ArmStatistics]]:
        """Returns the statistics that experiments start from, by experiment and arm; none where there are none."""
        known = {}
        with self._transaction() as connection:
            for experiment in definitions:
                if warm := experiment.allocation_policy.controls.warm_start:
                    known[experiment.experiment_id] = _earlier(connection, experiment, warm.experiment_id)
        return known

    def guardrail_statistics(
        self, definitions: Sequence[Experiment]
    ) -> Mapping[str, Mapping[str, Sequence[VersionStatistics]]]:
        """Returns the statistics of the guardrail metrics by experiment, metric and policy version, oldest first."""
        known: dict[str, dict[str, Sequence[VersionStatistics]]] = {}
        with self._transaction() as connection:
            # A round asks for one metric of every experiment.
            for metrics in zip_longest(*(guardrail_metrics(experiment) for experiment in definitions)):
                asked = [
                    (experiment.experiment_id, metric.metric_id)
                    for experiment, metric in zip(definitions, metrics, strict=True)
                    if metric is not None
                ]
                found = version_statistics(connection, asked)
                for experiment_id, metric_id in asked:
                    known.setdefault(experiment_id, {})[metric_id] = found.get(experiment_id, ())
        return known

    def contextual_trials(self, definition: Experiment, *, limit: int, newest: datetime) -> Trials:
        """Returns the latest trials whose arm and context are known, latest first, with their rewards."""
        with self._transaction() as connection:
            return contextual_trials(connection, definition, limit=limit, newest=newest)

    def earlier_trials(self, definition: Experiment, *, limit: int) -> Trials | None:
        """Returns the latest trials of the experiment that a definition starts from; None where they do not fit."""
        warm = definition.allocation_policy.controls.warm_start
        if warm is None:
            return None
        with self._transaction() as connection:
            document = connection.scalar(_DEFINITION, {"experiment_id": warm.experiment_id})
            if document is None:
                return None
            return earlier_trials(connection, definition, from_document(document), limit=limit)

    def latest_decisions(self, definition: Experiment, metric_id: str, *, block_size: int) -> DecisionBlock:
        """Returns the latest block of so many decisions, with values of one metric."""
        with self._transaction() as connection:
            return latest_block(connection, definition.experiment_id, metric_id, size=block_size)

    def publish(self, snapshots: Sequence[PolicySnapshot]) -> None:
        """Publishes new versions, all or none, and tells the replicas."""
        rows = [
            {
                "experiment_id": snapshot.experiment_id,
                "policy_version": snapshot.policy_version,
                "document": json.dumps(to_document(snapshot)),
                "published_at": snapshot.published_at,
            }
            for snapshot in snapshots
        ]
        with self._transaction() as connection:
            connection.execute(_PUBLISH, rows)
            notify(connection, policies.CHANNEL, "")


def _learned(definitions: Sequence[Experiment]) -> list[tuple[str, str]]:
    """Returns what each experiment's policy learns from, as experiment and metric id."""
    return [(experiment.experiment_id, reward_metric(experiment).metric_id) for experiment in definitions]


def _earlier(connection: Connection, experiment: Experiment, earlier_id: str) -> Mapping[str, ArmStatistics]:
    """Returns an earlier experiment's statistics of what this one learns from; none of a reward of other terms."""
    if experiment.allocation_policy.reward:
        document = connection.scalar(_DEFINITION, {"experiment_id": earlier_id})
        if document is None or not same_reward(from_document(document).allocation_policy, experiment.allocation_policy):
            return {}
    asked = [(earlier_id, reward_metric(experiment).metric_id)]
    return arm_statistics(connection, asked).get(earlier_id, {})


@contextmanager
def learner_session(engine: Engine) -> Iterator[PostgresLearnerSession | None]:
    """Yields the right to learn, or None while another process has it.

    Raises:
        Unavailable: STORE_UNAVAILABLE.
    """
    with translate_errors():
        connection = engine.connect().execution_options(isolation_level="REPEATABLE READ")
    try:
        with translate_errors(), connection.begin():
            acquired = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK_KEY})
        yield PostgresLearnerSession(connection) if acquired else None
    finally:
        # Back in the pool the connection would keep the lock; its end frees it, and so does this, at once.
        with suppress(SQLAlchemyError), connection.begin():
            connection.execute(text("SELECT pg_advisory_unlock_all()"))
        connection.invalidate()
        connection.close()
