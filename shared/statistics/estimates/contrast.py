"""A treatment beside a control: what any test needs to know of the two, and the comparison that it makes of it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.lift import lift_interval, one_sided
from shared.statistics.result import checks
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method
from shared.statistics.result.obstacles import Caution, Obstacle

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]
Flags = NDArray[np.int32]

_ZERO_VARIANCE: Final = np.int8(Obstacle.ZERO_VARIANCE)


@dataclass(frozen=True, slots=True)
class Contrast:
    """Holds differences of treatments and controls; every array has their common shape, NaN where an obstacle is.

    Attributes:
        difference: Treatment minus control, in the metric's unit.
        standard_error: Of the difference.
        obstacle: `Obstacle` as int8.
    """

    treatment: ArmEstimates
    control: ArmEstimates
    difference: Floats
    standard_error: Floats
    obstacle: Codes

    @property
    def statistic(self) -> Floats:
        """Returns the difference in standard errors."""
        return self.difference / self.standard_error

    def comparison(
        self,
        *,
        quantile: Floats,
        p_value: Floats,
        alpha: float,
        alternative: Alternative,
        method: Method,
        caution: Flags | Caution = Caution.NONE,
    ) -> Comparison:
        """Returns the comparison whose intervals reach as many standard errors as the quantile says.

        Args:
            quantile: 0 or more, of the common shape or broadcast to it; the lift's interval (Fieller) has the same.
            p_value: Below alpha exactly where the statistic is beyond the quantile; NaN where an obstacle is.
            alpha: 1 minus the intervals' confidence level.
            alternative: Which effects count.
            method: How quantile and p-value came about.
            caution: Beside those of the arms.
        """
        reach = quantile * self.standard_error
        low, high = one_sided(self.difference - reach, self.difference + reach, alternative)
        lift, ends = lift_interval(self.treatment, self.control, quantile, alternative, self.obstacle)
        t, c, n_t, n_c = np.broadcast_arrays(
            self.treatment.value, self.control.value, self.treatment.unit_count, self.control.unit_count
        )
        return Comparison(
            method=method,
            alternative=alternative,
            alpha=alpha,
            treatment=t,
            control=c,
            treatment_unit_count=n_t,
            control_unit_count=n_c,
            difference=self.difference,
            standard_error=self.standard_error,
            difference_low=low,
            difference_high=high,
            lift=lift,
            lift_low=ends.low,
            lift_high=ends.high,
            p_value=p_value,
            obstacle=self.obstacle,
            lift_obstacle=ends.obstacle,
            caution=self.treatment.caution | self.control.caution | np.int32(caution),
        )


def contrast(treatment: ArmEstimates, control: ArmEstimates) -> Contrast:
    """Returns the differences of treatments and controls; shapes broadcast.

    Raises:
        InvalidArgument: INVALID_FIELD: shapes do not fit.
    """
    checks.same_shape(treatment=treatment.value, control=control.value)
    variance = treatment.variance + control.variance
    obstacle = _obstacle(treatment, control, variance)
    return Contrast(
        treatment,
        control,
        np.where(obstacle == 0, treatment.value - control.value, np.nan),
        np.sqrt(np.where(obstacle == 0, variance, np.nan)),
        obstacle,
    )


def _obstacle(treatment: ArmEstimates, control: ArmEstimates, variance: Floats) -> Codes:
    """Returns what stands in the way of a difference; an arm without variance is fine beside one that has some."""
    first, second = (arm.obstacle * (arm.obstacle != _ZERO_VARIANCE) for arm in (treatment, control))
    other = np.maximum(first, second)
    return np.where((other == 0) & (variance == 0), _ZERO_VARIANCE, other)
