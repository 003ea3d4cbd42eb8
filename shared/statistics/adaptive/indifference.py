"""Whether it is still worth while to look for a better arm: what may be lost by taking the one that looks best.

With means nearly normal around their estimates (flat prior), and i the arm of the highest estimate:

    expected loss       E[max_j mean_j - mean_j']                 for each arm j'
    value remaining     the least c with P(max_j mean_j - mean_i <= c) >= 95 %

The second is the potential value remaining of Scott 2015 (there relative to mean_i, by simulation). Here it is exact:
max_j mean_j <= mean_i + c says that arm i, moved up by c, is the best, whose probability is a quadrature.

It says that the choice hardly matters, never that an arm is better.
"""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from shared.kernels.best_arm import student_best_arm
from shared.statistics.estimates.arms import ArmEstimates

Floats: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.intp]

CONFIDENCE: Final = 0.95
LEAST_FREEDOM: Final = 2.0
"""With less, a Student distribution has no finite expected loss."""


class Stakes(NamedTuple):
    """Holds what choosing an arm may cost, in the metric's unit; NaN where an arm has an obstacle.

    Attributes:
        leader: Arm of the highest estimate, shape L; 0 where an arm has an obstacle.
        expected_loss: Of each arm, shape L + (K,).
        value_remaining: Of the leader, shape L.
    """

    leader: Indexes
    expected_loss: Floats
    value_remaining: Floats


def stakes(arms: ArmEstimates) -> Stakes:
    """Returns what choosing each arm may cost.

    Args:
        arms: Means of K arms over the same time, such as `arm_estimates` gives, shape L + (K,).
    """
    leading = arms.shape[:-1]
    loss, remaining = np.full(arms.shape, np.nan), np.full(leading, np.nan)
    leader = np.zeros(leading, dtype=np.intp)
    error = np.sqrt(arms.variance)
    freedom = np.maximum(arms.degrees_of_freedom, LEAST_FREEDOM)
    for index in np.ndindex(*leading):
        if (arms.obstacle[index] == 0).all():
            value = np.ascontiguousarray(arms.value[index])
            leader[index] = value.argmax()
            loss[index] = student_best_arm(value, error[index], freedom[index])[1]
            remaining[index] = _value_remaining(value, error[index], freedom[index])
    return Stakes(leader, loss, remaining)


def _value_remaining(value: Floats, error: Floats, freedom: Floats) -> float:
    leader = int(value.argmax())

    def lack(gain: float) -> float:
        moved = value.copy()
        moved[leader] += gain
        return float(student_best_arm(moved, error, freedom)[0][leader]) - CONFIDENCE

    if value.size == 1 or lack(0.0) >= 0:
        return 0.0
    enough = float(error.max())
    while lack(enough) < 0:
        enough *= 2
    return float(optimize.brentq(lack, 0.0, enough, xtol=1e-9 * enough, rtol=1e-9))
