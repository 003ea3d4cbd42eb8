"""Ratios of two means over the same units, such as revenue by order or clicks by view."""

from typing import Final

import numpy as np

from shared.errors import invalid_field
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.means import FEW_UNITS, sample_obstacle
from shared.statistics.result.obstacles import Caution, Obstacle

LEAST_DENOMINATOR: Final = 3.0
"""In its standard errors: a denominator nearer to 0 has no ratio."""

PRECISE_DENOMINATOR: Final = 10.0
"""In its standard errors: below it the delta method is not to be relied on (Cochran 1977, chapter 6: 10 %)."""

_ROUNDING: Final = 1e-12
"""Of both variances: a numerator that is proportional to its denominator leaves as much of them by rounding alone."""


def ratios(moments: Moments) -> ArmEstimates:
    """Returns the ratios R = N / D of the means of two variables, with the delta method's variance.

    The variance is that of the mean of (N_i - R D_i) / D: (s_NN - 2 R s_ND + R^2 s_DD) / (n D^2) (Deng, Knoblich and Lu
    2018, section 3; Cochran 1977, chapter 6). These residuals are n values around one estimated mean, hence n - 1
    degrees of freedom; with a constant denominator it is the mean of N over the constant, in all respects.

    Args:
        moments: Of numerator and denominator, in this order.

    Raises:
        InvalidArgument: INVALID_FIELD: the moments are not of two variables.
    """
    if moments.variable_count != 2:
        raise invalid_field("moments", f"{moments.variable_count} variables, must be 2")
    count, products = moments.count, moments.products
    numerator, denominator = moments.mean[..., 0], moments.mean[..., 1]
    freedom = np.maximum(count - 1, 1)
    scale = freedom * np.maximum(count, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = numerator / denominator
        apart = products[..., 0, 0] + ratio**2 * products[..., 1, 1]
        squares = apart - 2 * ratio * products[..., 0, 1]
        squares = np.where(squares > _ROUNDING * apart, squares, 0.0)
        precision = np.abs(denominator) / np.sqrt(products[..., 1, 1] / scale)
    known = precision > LEAST_DENOMINATOR
    obstacle = sample_obstacle(count, np.where(known, squares, np.inf), numerator)
    return ArmEstimates(
        value=np.where(known, ratio, np.nan),
        variance=np.where(known, squares / (scale * np.where(known, denominator, 1.0) ** 2), 0.0),
        common_variance=np.zeros(count.shape),
        degrees_of_freedom=freedom,
        unit_count=count,
        obstacle=np.where((obstacle == 0) & ~known, np.int8(Obstacle.ZERO_DENOMINATOR), obstacle),
        caution=((count < FEW_UNITS) | ~(precision >= PRECISE_DENOMINATOR)) * np.int32(Caution.FEW_UNITS),
    )
