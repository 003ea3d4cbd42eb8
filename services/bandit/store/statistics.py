"""Reads the folded statistics."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from services.bandit.domain.ports import Health, Statistics
from services.bandit.domain.statistics import ArmStatistics
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


# The columns' types are the database's.
def _summary(row: Row[Any]) -> ArmStatistics:
    count: int = row.unit_count
    if count == 0:
        return ArmStatistics(row.arm_id)
    with localcontext(prec=60):  # enough that the difference of two sums of squares keeps a double's digits
        mean: Decimal = row.value_sum / count
        deviation = row.value_square_sum - row.value_sum * mean
    return ArmStatistics(row.arm_id, count, float(row.value_sum), float(mean), max(float(deviation), 0.0))
