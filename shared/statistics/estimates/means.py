"""Means of values, one value a unit."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Caution, Obstacle

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

FEW_UNITS: Final = 30
"""Below it the mean of even mildly skewed values is not nearly normal (Cochran 1977, section 2.15, gives no less)."""

UNITS_PER_SQUARED_SKEWNESS: Final = 355
"""Kohavi, Deng, Longbotham and Xu 2014, rule 7. Student's t then has tails of 2.5 % that are off by 0.45 % at most: by
skewness (2 z^2 + 1) phi(z) / (6 sqrt(n)), the first term of its Edgeworth expansion (Hall 1992, section 2.6)."""

_ROUNDING: Final = 8 * np.finfo(np.float64).eps
"""Deviations as small as this share of the mean may come from rounding it."""

_NO_UNITS: Final = np.int8(Obstacle.NO_UNITS)
_TOO_FEW_UNITS: Final = np.int8(Obstacle.TOO_FEW_UNITS)
_ZERO_VARIANCE: Final = np.int8(Obstacle.ZERO_VARIANCE)
_FEW_UNITS: Final = np.int32(Caution.FEW_UNITS)
_SKEWED: Final = np.int32(Caution.SKEWED)


def means(moments: Moments, *, skewness: ArrayLike | None = None) -> ArmEstimates:
    """Returns the means of one variable with variance s^2 / n on n - 1 degrees of freedom.

    Args:
        moments: Of one variable.
        skewness: Of the values, shape S or broadcast to it, where it is known; SKEWED where there are fewer than 355
            times its square units. Moments have no third power, and a mean of few skewed values looks like any other.
            The rule is for one arm by itself; the skewness of a difference of arms of one size and shape cancels.

    Raises:
        InvalidArgument: INVALID_FIELD: the moments are of more than one variable, or a skewness is not finite.
    """
    if moments.variable_count != 1:
        raise invalid_field("moments", f"{moments.variable_count} variables, must be 1")
    count, mean, squares = moments.count, moments.mean[..., 0], moments.products[..., 0, 0]
    freedom = np.maximum(count - 1, 1)
    caution = (count < FEW_UNITS) * _FEW_UNITS
    if skewness is not None:
        caution = caution | (count < UNITS_PER_SQUARED_SKEWNESS * checks.finite("skewness", skewness) ** 2) * _SKEWED
    return ArmEstimates(
        value=np.where(count > 0, mean, np.nan),
        variance=squares / (freedom * np.maximum(count, 1)),
        common_variance=np.zeros(count.shape),
        degrees_of_freedom=freedom,
        unit_count=count,
        obstacle=sample_obstacle(count, squares, mean),
        caution=caution,
    )


def sample_obstacle(count: Floats, square_deviation_sum: Floats, mean: Floats) -> Codes:
    """Returns what stands in the way of a mean's error: fewer than 2 units, or deviations that rounding explains."""
    varies = square_deviation_sum > count * (_ROUNDING * mean) ** 2
    few = np.where(count > 0, _TOO_FEW_UNITS, _NO_UNITS)
    return np.where(count < 2, few, ~varies * _ZERO_VARIANCE)
