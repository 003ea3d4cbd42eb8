"""Reads the folded statistics."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from services.bandit.domain.decisions import Decisions
from services.bandit.domain.ports import Health, Statistics
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from services.bandit.domain.trial import ANALYSIS_PREFIX
from services.bandit.store.decisions import decisions
from shared.store.engine import transaction

_ARMS = text(
    "SELECT experiment_id, arm_id, sum(unit_count)::bigint AS unit_count, sum(value_sum) AS value_sum,"
    " sum(value_square_sum) AS value_square_sum FROM arm_statistics"
    " JOIN unnest(CAST(:experiment_ids AS text[]), CAST(:metric_ids AS text[])) AS wanted (experiment_id, metric_id)"
    " USING (experiment_id, metric_id) GROUP BY experiment_id, arm_id"
)
_HEALTH = text(
    "SELECT count(*) FILTER (WHERE lowest_arm_id <> highest_arm_id), count(*) FILTER (WHERE arm_id IS NULL)"
    " FROM trials WHERE experiment_id = :experiment_id AND (arm_id IS NULL OR lowest_arm_id <> highest_arm_id)"
)
_VERSIONS = text(
    """
SELECT version.experiment_id, version.policy_version, replaced_at, arm.arm_id, propensity, cost,
  unit_count, value_sum, value_square_sum
FROM (
  SELECT experiment_id, policy_version, document,
    lead(published_at) OVER (PARTITION BY experiment_id ORDER BY policy_version) AS replaced_at
  FROM policy_snapshots WHERE experiment_id = ANY(CAST(:experiment_ids AS text[]))
) AS version
JOIN unnest(CAST(:experiment_ids AS text[]), CAST(:metric_ids AS text[])) AS wanted (experiment_id, metric_id)
  USING (experiment_id)
CROSS JOIN LATERAL (
  SELECT arm ->> 'arm_id' AS arm_id, :prefix || (arm ->> 'arm_id') AS logged_arm_id,
    -- With a contextual model every unit that is learned from had a propensity of its own.
    CASE WHEN :prefix <> '' THEN coalesce(arm ->> 'analysis_weight', '0')::float8
    WHEN document -> 'contextual_model' IS NULL THEN coalesce(arm ->> 'weight', '0')::float8
    ELSE 'NaN'::float8 END AS propensity,
    coalesce(arm ->> 'cost', '0')::float8 AS cost
  FROM json_array_elements(document -> 'arms') AS arm
) AS arm
LEFT JOIN arm_statistics AS known
  ON known.experiment_id = version.experiment_id AND known.policy_version = version.policy_version
  AND known.arm_id = arm.logged_arm_id AND known.metric_id = wanted.metric_id
ORDER BY version.experiment_id, version.policy_version
"""
)
_AS_OF = text("SELECT nullif(statistics_as_of, '-infinity') FROM learner_progress")


class PostgresStatisticsStore:
    """Reads statistics. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def statistics(self, experiment_id: str, metric_id: str) -> Statistics:
        """Returns the statistics of one metric."""
        with transaction(self._engine) as connection:
            arms = arm_statistics(connection, [(experiment_id, metric_id)]).get(experiment_id, {})
            health = Health(*connection.execute(_HEALTH, {"experiment_id": experiment_id}).one())
            as_of: datetime | None = connection.scalar(_AS_OF)
            return Statistics(arms, health, as_of)

    def versions(self, experiment_id: str, metric_id: str) -> Sequence[VersionStatistics]:
        """Returns the statistics of one metric by policy version, oldest first."""
        with transaction(self._engine) as connection:
            return version_statistics(connection, [(experiment_id, metric_id)]).get(experiment_id, [])

    def analysis_versions(self, experiment_id: str, metric_id: str) -> Sequence[VersionStatistics]:
        """Returns the same of the units in the analysis split."""
        with transaction(self._engine) as connection:
            known = version_statistics(connection, [(experiment_id, metric_id)], prefix=ANALYSIS_PREFIX)
            return known.get(experiment_id, [])

    def decisions(self, experiment_id: str, metric_id: str, *, limit: int) -> Decisions:
        """Returns the first decisions, with values of one metric."""
        with transaction(self._engine) as connection:
            return decisions(connection, experiment_id, metric_id, limit=limit)


def arm_statistics(connection: Connection, metrics: Sequence[tuple[str, str]]) -> dict[str, dict[str, ArmStatistics]]:
    """Returns statistics summed over policy versions, by experiment and arm.

    Args:
        connection: In a transaction.
        metrics: Experiment and metric id of each that is wanted, an experiment at most once.
    """
    arguments = {"experiment_ids": [one[0] for one in metrics], "metric_ids": [one[1] for one in metrics]}
    known: dict[str, dict[str, ArmStatistics]] = {}
    for row in connection.execute(_ARMS, arguments):
        known.setdefault(row.experiment_id, {})[row.arm_id] = _summary(row)
    return known


def version_statistics(
    connection: Connection, metrics: Sequence[tuple[str, str]], *, prefix: str = ""
) -> dict[str, list[VersionStatistics]]:
    """Returns statistics by experiment and policy version, oldest first; versions without units are left out.

    Args:
        connection: In a transaction.
        metrics: Experiment and metric id of each that is wanted, an experiment at most once.
        prefix: Stands before the arms' ids in the statistics: ANALYSIS_PREFIX for the units in the analysis split.
    """
    if not metrics:
        return {}
    arguments = {"experiment_ids": [one[0] for one in metrics], "metric_ids": [one[1] for one in metrics]}
    known: dict[str, list[VersionStatistics]] = {}
    rows = connection.execute(_VERSIONS, {**arguments, "prefix": prefix})
    for (experiment_id, version, replaced_at), group in groupby(rows, lambda row: tuple(row[:3])):
        rows_of_arms = list(group)
        if arms := {row.arm_id: _summary(row) for row in rows_of_arms if row.unit_count is not None}:
            propensities = {row.arm_id: row.propensity for row in rows_of_arms}
            costs = {row.arm_id: row.cost for row in rows_of_arms}
            known.setdefault(experiment_id, []).append(
                VersionStatistics(version, replaced_at, arms, propensities, costs)
            )
    return known


# The columns' types are the database's.
def _summary(row: Row[Any]) -> ArmStatistics:
    count: int = row.unit_count
    if count == 0:
        return ArmStatistics(row.arm_id)
    with localcontext(prec=60):  # enough that the difference of two sums of squares keeps a double's digits
        mean: Decimal = row.value_sum / count
        deviation = row.value_square_sum - row.value_sum * mean
    return ArmStatistics(row.arm_id, count, float(row.value_sum), float(mean), max(float(deviation), 0.0))
