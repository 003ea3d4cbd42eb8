"""EXP3: exponential weights of losses that are made unbiased by the logged propensities.

Lattimore and Szepesvari 2020, "Bandit Algorithms", chapter 11: with rewards x in [0, 1] the loss of arm i is estimated
as the sum over its units of (1 - x) / propensity, and weights are proportional to exp(-rate x loss). The loss form is
steadier than that of Auer et al. 2002, whose estimates grow with the reward. Without a horizon the rate is
sqrt(ln K / (K t)) at t units; regret is then at most 2 sqrt(n K ln K) after n (Bubeck and Cesa-Bianchi 2012, theorem
3.1).
"""

from collections.abc import Sequence
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.statistics import VersionStatistics
from shared.definition.model import Exp3, Metric, MetricDirection

Floats = NDArray[np.float64]


def exponential_weights(
    algorithm: Exp3, arm_ids: Sequence[str], versions: Sequence[VersionStatistics], metric: Metric
) -> Floats:
    """Returns weights, shape (n_arms,), summing to 1.

    An arm that a version did not have is taken to have lost there what the version's units lost together: it starts
    neither ahead nor behind.

    Args:
        algorithm: The rate.
        arm_ids: The arms.
        versions: All of the past.
        metric: Its bounds scale the values to [0, 1].
    """
    losses, unit_count = np.zeros(len(arm_ids)), 0.0
    for version in versions:
        lost = {arm_id: _lost(version, arm_id, metric) for arm_id in version.arms}
        unit_count += sum(arm.unit_count for arm in version.arms.values())
        everybody = sum(lost.values())
        for place, arm_id in enumerate(arm_ids):
            propensity = version.propensities.get(arm_id, 0.0)
            losses[place] += lost.get(arm_id, 0.0) / propensity if propensity > 0 else everybody
    if unit_count == 0:
        return np.full(len(arm_ids), 1 / len(arm_ids))
    rate = algorithm.learning_rate or sqrt(log(len(arm_ids)) / (len(arm_ids) * unit_count))
    weights = np.exp(-rate * (losses - losses.min()))
    return np.asarray(weights / weights.sum())


def _lost(version: VersionStatistics, arm_id: str, metric: Metric) -> float:
    """Returns the sum of 1 - x over the arm's units."""
    arm = version.arms[arm_id]
    above = (arm.value_sum - metric.min_value * arm.unit_count) / (metric.max_value - metric.min_value)
    return arm.unit_count - above if metric.direction is MetricDirection.MAXIMIZE else above
