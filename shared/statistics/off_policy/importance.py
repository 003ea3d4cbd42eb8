"""From importance weights and estimates to answers: intervals, and what stands in their way or weakens them."""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.estimates.means import FEW_UNITS
from shared.statistics.fixed.difference import critical_value
from shared.statistics.off_policy.values import Codes, Estimator, Flags, PolicyValues
from shared.statistics.result.method import Alternative, Method
from shared.statistics.result.obstacles import Caution, Obstacle

Floats: TypeAlias = NDArray[np.float64]

FEW_EFFECTIVE_UNITS: Final = 100
"""Below it a few heavily weighted units decide, and the estimate is not nearly normal."""

_STANDARD_ERRORS_OFF: Final = 4
"""The mean weight is this far from 1 by chance once in 16,000 times."""

_ROUNDING: Final = 64 * np.finfo(np.float64).eps
"""An error as small as this share of the largest term may come from rounding."""


class Estimate(NamedTuple):
    """Is a value with its variance, each of shape L."""

    value: Floats
    variance: Floats


class Importance(NamedTuple):
    """Holds what importance weights w of units sum to, each of shape L.

    Attributes:
        largest: Of any unit; 0 without units.
    """

    unit_count: Floats
    weight_sum: Floats
    weight_square_sum: Floats
    largest: Floats

    @property
    def effective_sample_size(self) -> Floats:
        """Returns (sum w)^2 / sum w^2 (Kish 1965), 0 without weights."""
        return ratio(self.weight_sum**2, self.weight_square_sum)

    @property
    def caution(self) -> Flags:
        """Returns FEW_UNITS, HEAVY_WEIGHTS and WEIGHTS_OFF."""
        mean = ratio(self.weight_sum, self.unit_count)
        spread = np.maximum(self.weight_square_sum - self.unit_count * mean**2, 0.0)
        error = np.sqrt(ratio(spread, self.unit_count * (self.unit_count - 1)))
        flags = np.where(self.unit_count < FEW_UNITS, Caution.FEW_UNITS, 0)
        flags |= np.where(self.effective_sample_size < FEW_EFFECTIVE_UNITS, Caution.HEAVY_WEIGHTS, 0)
        is_off = np.abs(mean - 1) > _STANDARD_ERRORS_OFF * error + _ROUNDING
        return np.asarray(flags | np.where(is_off, Caution.WEIGHTS_OFF, 0), dtype=np.int32)


def policy_values(
    estimator: Estimator,
    method: Method,
    estimate: Estimate,
    importance: Importance,
    *,
    largest_term: Floats,
    obstacle: Codes,
    caution: Flags,
    alpha: float,
) -> PolicyValues:
    """Returns an estimate with its interval: Student's t on the effective sample size less 1.

    Args:
        estimator: The estimator.
        method: Its description.
        estimate: Its value and variance.
        importance: The weights.
        largest_term: The largest |w Y|, which says what rounding can do.
        obstacle: What stands in the way of any estimator.
        caution: What weakens this one, beside what the weights say.
        alpha: 1 minus the confidence level.
    """
    varies = estimate.variance > (_ROUNDING * largest_term) ** 2
    found = np.where(obstacle > 0, obstacle, np.where(varies, 0, Obstacle.ZERO_VARIANCE)).astype(np.int8)
    error = np.where(found == 0, np.sqrt(np.maximum(estimate.variance, 0.0)), np.nan)
    value = np.where(found == 0, estimate.value, np.nan)
    freedom = np.maximum(importance.effective_sample_size - 1, 1.0)
    reach = critical_value(freedom, alpha, Alternative.TWO_SIDED) * error
    flags = np.asarray(importance.caution | caution, dtype=np.int32)
    return PolicyValues(estimator, method, value, error, value - reach, value + reach, found, flags)


def ratio(part: Floats, whole: Floats) -> Floats:
    """Returns part / whole, 0 where the whole is not above 0."""
    return np.asarray(part / np.where(whole > 0, whole, np.inf))
