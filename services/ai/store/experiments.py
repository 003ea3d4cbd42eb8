"""Reads what other services wrote, and writes nothing of it: experiments, and what the bandit recorded of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, text

from services.ai.domain.analysis.data import BanditData
from services.ai.domain.jobs import SCHEDULE, JobKind
from services.ai.store.recorded import Recorded, Sums, Version, bandit_data
from shared.definition import document
from shared.definition.model import Experiment
from shared.store.engine import transaction

_FIND: Final = text("SELECT definition FROM experiments WHERE experiment_id = :experiment_id")
_AS_OF: Final = text("SELECT nullif(statistics_as_of, '-infinity') FROM learner_progress")
_SUMS: Final = text(
    "SELECT policy_version, arm_id, metric_id, unit_count, value_sum, value_square_sum FROM arm_statistics"
    " WHERE experiment_id = :experiment_id AND metric_id = ANY(CAST(:metric_ids AS text[])) AND unit_count <> 0"
)
# Only parts of the documents: contextual models are large.
_VERSIONS: Final = text(
    "SELECT policy_version, document -> 'arms' AS arms, document -> 'segment_starts' AS segment_starts,"
    " document -> 'segment_arms' AS segment_arms, document -> 'contextual_model' IS NOT NULL AS follows_contexts"
    " FROM policy_snapshots AS version WHERE experiment_id = :experiment_id AND ("
    " policy_version = (SELECT max(policy_version) FROM policy_snapshots WHERE experiment_id = :experiment_id)"
    " OR policy_version IN (SELECT policy_version FROM arm_statistics"
    " WHERE experiment_id = :experiment_id AND unit_count <> 0)) ORDER BY policy_version"
)
_MULTIPLE: Final = text(
    "SELECT count(*) FROM trials WHERE experiment_id = :experiment_id AND lowest_arm_id <> highest_arm_id"
)
# A stopped experiment is due once more when its last outcomes are in. One that was asked for and came to nothing is not
# asked for again before its time. Analyses of data or by a plan that somebody gave are theirs: else whoever asks for
# them could keep ours from being made.
_TO_ANALYZE: Final = text(
    """
SELECT experiment_id FROM experiments
LEFT JOIN LATERAL (
  SELECT max(analyses.created_at) AS at FROM analyses JOIN jobs USING (job_id)
  WHERE analyses.experiment_id = experiments.experiment_id
    AND input -> 'data' = 'null' AND input -> 'plan' = 'null'
) AS newest ON true
CROSS JOIN LATERAL (
  SELECT CAST(definition ->> 'stopped_at' AS timestamptz)
    + CAST(coalesce(definition ->> 'attribution_window', '0s') AS interval) AS complete_at
) AS stop
WHERE definition ->> 'started_at' IS NOT NULL
  AND ((state = 'RUNNING' AND (newest.at IS NULL OR newest.at < :older_than))
    OR (state = 'STOPPED' AND complete_at <= :now AND (newest.at IS NULL OR newest.at < complete_at)))
  AND NOT EXISTS (
    SELECT FROM jobs WHERE jobs.experiment_id = experiments.experiment_id
      AND kind = :kind AND creator = :schedule AND jobs.created_at >= :older_than
  )
ORDER BY newest.at NULLS FIRST, experiment_id LIMIT :limit
"""
)


class PostgresExperiments:
    """Is `ports.Experiments`. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Versions, sums and times are of one moment.
        self._moment = engine.execution_options(isolation_level="REPEATABLE READ")

    def find(self, experiment_id: str) -> Experiment | None:
        """Returns an experiment as of its newest revision."""
        with transaction(self._engine) as connection:
            found = connection.scalar(_FIND, {"experiment_id": experiment_id})
            return None if found is None else document.from_document(found)

    def data(self, experiment: Experiment, *, now: datetime) -> BanditData | None:
        """Returns what the bandit recorded of an experiment; None: it has published or folded nothing yet."""
        with transaction(self._moment) as connection:
            recorded = _recorded(connection, experiment)
        return None if recorded is None else bandit_data(experiment, recorded, now=now)

    def to_analyze(self, *, now: datetime, older_than: datetime, limit: int) -> list[str]:
        """Returns experiments whose newest analysis is too old, or that have none, the longest wait first."""
        arguments = {
            "now": now,
            "older_than": older_than,
            "limit": limit,
            "kind": JobKind.ANALYZE_EXPERIMENT.value,
            "schedule": SCHEDULE,
        }
        with transaction(self._engine) as connection:
            return list(connection.scalars(_TO_ANALYZE, arguments))


def _recorded(connection: Connection, experiment: Experiment) -> Recorded | None:
    arguments = {"experiment_id": experiment.experiment_id}
    as_of: datetime | None = connection.scalar(_AS_OF)
    versions = [_version(row) for row in connection.execute(_VERSIONS, arguments)]
    if as_of is None or not versions:
        return None
    metric_ids = [metric.metric_id for metric in experiment.metrics]
    sums = [Sums(*row) for row in connection.execute(_SUMS, {**arguments, "metric_ids": metric_ids})]
    return Recorded(versions, sums, connection.scalar(_MULTIPLE, arguments) or 0, as_of)


def _version(row: Row[Any]) -> Version:
    return Version(
        policy_version=row.policy_version,
        arms=row.arms,
        segment_starts=_whole(row.segment_starts),
        segment_arms=_whole(row.segment_arms),
        follows_contexts=row.follows_contexts,
    )


def _whole(numbers: Sequence[str | int] | None) -> tuple[int, ...]:
    """Returns numbers as they were: JSON has them as strings where they may be long."""
    return tuple(int(number) for number in numbers or ())
