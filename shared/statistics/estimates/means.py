"""Means of values, one value a unit."""

from typing import Final

import numpy as np

from shared.errors import invalid_field
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.result.obstacles import Caution, Obstacle

FEW_UNITS: Final = 30
"""Below it the mean of even mildly skewed values is not nearly normal (Cochran 1977, section 2.15, gives no less)."""


def means(moments: Moments) -> ArmEstimates:
    """Returns the means of one variable with variance s^2 / n on n - 1 degrees of freedom.

    Raises:
        InvalidArgument: INVALID_FIELD: the moments are of more than one variable.
    """
    if moments.variable_count != 1:
        raise invalid_field("moments", f"{moments.variable_count} variables, must be 1")
    count, mean, squares = moments.count, moments.mean[..., 0], moments.products[..., 0, 0]
    freedom = np.maximum(count - 1, 1)
    obstacle = np.where(count < 2, Obstacle.TOO_FEW_UNITS, np.where(squares <= 0, Obstacle.ZERO_VARIANCE, 0))
    return ArmEstimates(
        value=np.where(count > 0, mean, np.nan),
        variance=squares / freedom / np.maximum(count, 1),
        common_variance=np.zeros(count.shape),
        degrees_of_freedom=freedom,
        unit_count=count,
        obstacle=np.where(count == 0, Obstacle.NO_UNITS, obstacle).astype(np.int8),
        caution=np.where(count < FEW_UNITS, Caution.FEW_UNITS, 0).astype(np.int32),
    )
