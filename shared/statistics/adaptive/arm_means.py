"""Each arm's own mean from bandit data, with an interval that holds.

The plain mean of an arm is too low on average: a bandit stops giving units to what looks bad, so that bad luck stays
and good luck is corrected (Nie, Tian, Taylor and Zou 2018). AIPW scores have no such bias.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from shared.statistics.adaptive.batches import Batches
from shared.statistics.adaptive.scores import Scores, scores
from shared.statistics.adaptive.weighted_means import weighted_means
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.fixed.difference import critical_value
from shared.statistics.result import checks
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import Interval, NotEstimable

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int8]
Flags: TypeAlias = NDArray[np.int32]

DRIFT_LEVEL: Final = 0.01
"""An arm's mean is said to drift if batches as different as its own had less than this chance without drift."""

_ASSUMPTIONS: Final = (
    "units were allocated with the logged propensities, which followed earlier units only",
    "the weighted mean is nearly normal: many batches or many units of the arm",
    "an arm's variance, apart from chance, is not below that of all arms together",
    "the data are looked at once, at a time that was set beforehand",
)


class Weighting(StrEnum):
    """Says how much a unit of each batch counts.

    EVEN gives the mean over the whole run, drift or not. STABILISED, h = sqrt(e), gives narrower intervals of an arm
    whose mean does not drift, and the caution DRIFTING where it seems to.
    """

    EVEN = "EVEN"
    STABILISED = "STABILISED"


METHODS: Final = {
    Weighting.EVEN: Method(
        "AIPW mean",
        Validity.ADAPTIVE_FIXED_LOOK,
        _ASSUMPTIONS,
        "Hadad, Hirshberg, Zhan, Wager and Athey 2021, eq. 5",
    ),
    Weighting.STABILISED: Method(
        "adaptively weighted AIPW mean",
        Validity.ADAPTIVE_FIXED_LOOK,
        (*_ASSUMPTIONS, "the arm's mean does not drift"),
        "Hadad, Hirshberg, Zhan, Wager and Athey 2021, eq. 6 with constant allocation weights",
    ),
}


@dataclass(frozen=True, slots=True)
class ArmMeans:
    """Holds means of arms with their intervals; every array has the shape L + (K,), NaN where an obstacle is.

    Attributes:
        alpha: 1 minus the intervals' confidence level.
        mean, low, high: In the metric's unit.
        unit_count: Units of the arm in batches where it could be allocated.
        obstacle: `Obstacle` as int8.
        caution: `Caution` as int32.
    """

    method: Method
    alpha: float
    mean: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    unit_count: Floats
    obstacle: Codes
    caution: Flags

    def report(self, *index: int) -> Interval | NotEstimable:
        """Returns one arm's mean; the index has a number for each axis.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        obstacle = Obstacle(int(self.obstacle[index]))
        if obstacle:
            return NotEstimable(obstacle)
        return Interval(float(self.mean[index]), float(self.low[index]), float(self.high[index]))


def arm_means(batches: Batches, *, weighting: Weighting = Weighting.EVEN, alpha: float = 0.05) -> ArmMeans:
    """Returns the mean of each arm, shape L + (K,), from all batches where it could be allocated.

    Args:
        batches: B policy versions of K arms.
        weighting: How much units of each batch count.
        alpha: 1 minus the confidence level.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    alpha = checks.alpha(alpha)
    arms = arm_estimates(batches, weighting=weighting)
    is_fine = arms.obstacle == 0
    error = np.where(is_fine, np.sqrt(arms.variance), np.nan)
    mean = np.where(is_fine, arms.value, np.nan)
    reach = critical_value(arms.degrees_of_freedom, alpha, Alternative.TWO_SIDED) * error
    return ArmMeans(
        method=METHODS[weighting],
        alpha=alpha,
        mean=mean,
        standard_error=error,
        low=mean - reach,
        high=mean + reach,
        unit_count=arms.unit_count,
        obstacle=arms.obstacle,
        caution=arms.caution,
    )


def arm_estimates(batches: Batches, *, weighting: Weighting = Weighting.EVEN) -> ArmEstimates:
    """Returns the mean of each arm with its variance, shape L + (K,), for whatever test is to be made of it.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    found = scores(batches)
    arms = weighted_means(found, np.arange(batches.arm_count), _weights(found, weighting))
    now: tuple[int | slice, ...] = (*[slice(None)] * len(batches.shape), -1)
    last = arms[now]
    if weighting is Weighting.EVEN:
        return last
    drifting = np.where(drift_p_values(batches) < DRIFT_LEVEL, Caution.DRIFTING, Caution.NONE)
    return replace(last, caution=(last.caution | drifting).astype(np.int32))


def drift_p_values(batches: Batches) -> Floats:
    """Returns for each arm the p-value of "its mean is the same in all batches", shape L + (K,); 1 where nothing tells.

    The statistic is that of a one-way analysis of variance over the arm's batches, F = (between / (B - 1)) / (within /
    (n - B)), which is robust to moderate skew; given the past each batch's mean is unbiased.
    """
    count, squares = batches.count, batches.squares.sum(axis=-2)
    units = count.sum(axis=-2)
    mean = (count * batches.mean).sum(axis=-2) / np.maximum(units, 1)
    between = (count * (batches.mean - mean[..., None, :]) ** 2).sum(axis=-2)
    steps, freedom = (count > 0).sum(axis=-2) - 1.0, units - (count > 0).sum(axis=-2)
    is_told = (steps > 0) & (freedom > 0) & (squares > 0)
    ratio = (between / np.maximum(steps, 1)) / np.where(is_told, squares / np.maximum(freedom, 1), np.inf)
    return np.where(is_told, special.fdtrc(np.maximum(steps, 1), np.maximum(freedom, 1), ratio), 1.0)


def _weights(found: Scores, weighting: Weighting) -> Floats:
    if weighting is Weighting.EVEN:
        return found.is_live.astype(np.float64)
    return np.where(found.is_live, 1 / np.sqrt(np.where(found.is_live, found.inverse, 1.0)), 0.0)
