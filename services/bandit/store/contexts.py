"""Reads what contextual algorithms learn from."""

from datetime import datetime

import numpy as np
from sqlalchemy import Connection, text

from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.reward import reward_metric
from shared.definition.features import column_count
from shared.definition.model import Experiment

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
    places = {arm.arm_id: place for place, arm in enumerate(experiment.arms)}
    columns = column_count(experiment.features)
    rows = connection.execute(
        _TRIALS,
        {
            "experiment_id": experiment.experiment_id,
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
