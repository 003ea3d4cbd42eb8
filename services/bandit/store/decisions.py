"""Reads decisions one by one, in the order of their first exposures."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from sqlalchemy import Connection, text

from services.bandit.domain.decisions import DecisionBlock, Decisions, VersionChances

# Held-out units and those of the analysis split have arm ids of their own: the policy did not place them.
_PLACED: Final = "experiment_id = :experiment_id AND arm_id IS NOT NULL AND left(arm_id, 1) <> '~'"

_COUNT = text(f"SELECT count(*) FROM trials WHERE {_PLACED}")  # noqa: S608 - our own text
# A trial counts in its first exposure's arm and version; its propensity then stands with that allocation.
_DECISIONS = text(
    f"""
SELECT arm_id, policy_version, told.propensity, coalesce(trial_values.value, 0)::float8 AS value
FROM (
  SELECT experiment_id, trial_id, arm_id, policy_version, exposed_at FROM trials WHERE {_PLACED}
  ORDER BY exposed_at, trial_id OFFSET :skipped LIMIT :limit
) AS trial
LEFT JOIN LATERAL (
  SELECT propensity FROM allocations
  WHERE allocations.experiment_id = trial.experiment_id AND allocations.trial_id = trial.trial_id
    AND allocations.arm_id = trial.arm_id AND allocations.policy_version = trial.policy_version
    AND context IS NOT NULL
  ORDER BY allocated_at LIMIT 1
) AS told ON true
LEFT JOIN trial_values
  ON trial_values.experiment_id = trial.experiment_id AND trial_values.trial_id = trial.trial_id
  AND trial_values.metric_id = :metric_id
ORDER BY exposed_at, trial.trial_id
"""  # noqa: S608 - our own text
)
_CHANCES = text(
    """
WITH version AS MATERIALIZED (
  SELECT policy_version, document -> 'arms' AS arms, document -> 'contextual_model' -> 'lower_bounds' AS bounds
  FROM policy_snapshots
  WHERE experiment_id = :experiment_id AND policy_version = ANY(CAST(:versions AS bigint[]))
)
SELECT policy_version, bounds IS NOT NULL AS followed_contexts, arm ->> 'arm_id' AS arm_id,
  coalesce((arm ->> 'paused')::boolean, false) AS paused, coalesce(arm ->> 'weight', '0')::float8 AS weight,
  (bounds ->> (place - 1)::int)::float8 AS bound
FROM version CROSS JOIN LATERAL json_array_elements(arms) WITH ORDINALITY AS listed (arm, place)
"""
)


def latest_block(connection: Connection, experiment_id: str, metric_id: str, *, size: int) -> DecisionBlock:
    """Returns the latest block of so many decisions, with values of one metric.

    Args:
        connection: In a transaction.
        experiment_id: The experiment.
        metric_id: The metric.
        size: Of a block; the latest may have fewer.
    """
    count: int = connection.execute(_COUNT, {"experiment_id": experiment_id}).scalar_one()
    before = max(count - 1, 0) // size
    return DecisionBlock(before + 1, decisions(connection, experiment_id, metric_id, skipped=before * size, limit=size))


def decisions(connection: Connection, experiment_id: str, metric_id: str, *, skipped: int = 0, limit: int) -> Decisions:
    """Returns decisions with values of one metric.

    Args:
        connection: In a transaction.
        experiment_id: The experiment.
        metric_id: The metric.
        skipped: How many of the first are left out.
        limit: How many are returned at most.
    """
    wanted = {"experiment_id": experiment_id, "metric_id": metric_id, "skipped": skipped, "limit": limit}
    rows = connection.execute(_DECISIONS, wanted).all()
    chances = _chances(connection, experiment_id, sorted({row.policy_version for row in rows}))
    arm_ids = tuple(dict.fromkeys(arm_id for version in chances.values() for arm_id in version.least))
    places = {arm_id: place for place, arm_id in enumerate(arm_ids)}
    return Decisions(
        arm_ids,
        np.array([places.get(row.arm_id, -1) for row in rows], dtype=np.int64),
        np.array([row.value for row in rows], dtype=np.float64),
        np.array(
            [_propensity(chances.get(row.policy_version), row.arm_id, row.propensity) for row in rows],
            dtype=np.float64,
        ),
        np.array([row.policy_version for row in rows], dtype=np.int64),
        chances,
    )


def _chances(connection: Connection, experiment_id: str, versions: Sequence[int]) -> dict[int, VersionChances]:
    rows = connection.execute(_CHANCES, {"experiment_id": experiment_id, "versions": list(versions)})
    least: dict[int, dict[str, float]] = {version: {} for version in versions}
    followed = dict.fromkeys(versions, False)
    for row in rows:
        followed[row.policy_version] = row.followed_contexts
        chance: float = row.bound if row.followed_contexts else row.weight
        if not row.paused and (row.followed_contexts or chance > 0):
            least[row.policy_version][row.arm_id] = chance
    return {version: VersionChances(least[version], followed[version]) for version in versions}


def _propensity(version: VersionChances | None, arm_id: str, logged: float | None) -> float:
    """Returns what the version gave all its units, or what was logged with this one; NaN where nothing was."""
    known = logged if version is None or version.followed_contexts else version.least.get(arm_id)
    return np.nan if known is None else known
