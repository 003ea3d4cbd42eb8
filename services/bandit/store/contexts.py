"""Reads what contextual algorithms learn from."""

from datetime import UTC, datetime
from typing import Final

import numpy as np
from sqlalchemy import Connection, text

from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.reward import reward_metric, same_reward
from shared.definition.features import column_count
from shared.definition.model import Experiment

_NO_END: Final = datetime.max.replace(tzinfo=UTC)

# A trial counts in its first exposure's arm and version; what was told of it then stands with that allocation.
_TRIALS = text(
    """
SELECT arm_id, context, coalesce(trial_values.value, 0)::float8 AS value,
  extract(epoch from exposed_at)::float8 AS exposed_at
FROM (
  SELECT experiment_id, trial_id, arm_id, policy_version, exposed_at FROM trials
  WHERE experiment_id = :experiment_id AND arm_id = ANY(CAST(:arm_ids AS text[]))
    AND exposed_at <= :newest
  ORDER BY exposed_at DESC, trial_id LIMIT :limit
) AS trial
CROSS JOIN LATERAL (
  SELECT context FROM allocations
  WHERE allocations.experiment_id = trial.experiment_id AND allocations.trial_id = trial.trial_id
    AND allocations.arm_id = trial.arm_id AND allocations.policy_version = trial.policy_version
    AND context IS NOT NULL AND octet_length(context) = 8 * :column_count
  ORDER BY allocated_at LIMIT 1
) AS told
LEFT JOIN trial_values
  ON trial_values.experiment_id = trial.experiment_id AND trial_values.trial_id = trial.trial_id
  AND trial_values.metric_id = :metric_id
ORDER BY exposed_at DESC, trial.trial_id
"""
)


def contextual_trials(connection: Connection, experiment: Experiment, *, limit: int, newest: datetime) -> Trials:
    """Returns the latest trials whose arm and context are known, latest first, with what the policy learns from.

    Args:
        connection: In a transaction.
        experiment: The definition; trials of arms that it no longer has are left out.
        limit: How many of the latest trials are looked at.
        newest: Trials exposed later are left out.
    """
    return _trials(connection, experiment, experiment.experiment_id, limit=limit, newest=newest)


def earlier_trials(connection: Connection, experiment: Experiment, earlier: Experiment, *, limit: int) -> Trials | None:
    """Returns the latest trials of an earlier experiment, with values of what this one learns from.

    None where it has other features, another reward, or has not measured the primary metric in the same way.

    Args:
        connection: In a transaction.
        experiment: The definition that starts warm; trials of arms that it does not have are left out.
        earlier: The definition of the earlier experiment.
        limit: How many of the latest trials are looked at.
    """
    if earlier.features != experiment.features or not _measures_the_same(experiment, earlier):
        return None
    return _trials(connection, experiment, earlier.experiment_id, limit=limit, newest=_NO_END)


def _measures_the_same(experiment: Experiment, earlier: Experiment) -> bool:
    if experiment.allocation_policy.reward:
        return same_reward(experiment.allocation_policy, earlier.allocation_policy)
    asked = experiment.primary_metric
    return any(
        (metric.metric_id, metric.kind, metric.combination_rule)
        == (asked.metric_id, asked.kind, asked.combination_rule)
        for metric in earlier.metrics
    )


def _trials(connection: Connection, experiment: Experiment, source_id: str, *, limit: int, newest: datetime) -> Trials:
    places = {arm.arm_id: place for place, arm in enumerate(experiment.arms)}
    columns = column_count(experiment.features)
    rows = connection.execute(
        _TRIALS,
        {
            "experiment_id": source_id,
            "arm_ids": list(places),
            "column_count": columns,
            "metric_id": reward_metric(experiment).metric_id,
            "limit": limit,
            "newest": newest,
        },
    ).all()
    return Trials(
        np.frombuffer(b"".join(row.context for row in rows), "<f8").astype(np.float64).reshape(len(rows), columns),
        np.array([places[row.arm_id] for row in rows], dtype=np.int64),
        np.array([row.value for row in rows], dtype=np.float64),
        exposed_at=np.array([row.exposed_at for row in rows], dtype=np.float64),
    )
