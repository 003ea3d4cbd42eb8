"""Treatment against control at a fixed look: Welch's t for the difference, Fieller's interval for the lift.

With T and C the arms' values, V_T and V_C their variances, S their covariance and q a quantile of Student's t with
Welch-Satterthwaite degrees of freedom:

    difference   T - C +- q sqrt(V_T + V_C - 2 S)
    lift         { r - 1 : (T - r C)^2 <= q^2 (V_T - 2 r S + r^2 V_C) }        (Fieller 1954)

Both ask the same question at r = 1, so that their verdicts agree. Welch 1947; Satterthwaite 1946.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.result import checks
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.result.obstacles import Obstacle

Floats = NDArray[np.float64]

WELCH: Final = Method(
    "Welch's t, Fieller's interval for the lift",
    Validity.FIXED_LOOK,
    (
        "units are independent of each other",
        "arms were randomised with weights that did not follow the data",
        "the arms' means are nearly normal",
        "the data are looked at once, at a time that was set beforehand",
    ),
    "Welch 1947; Fieller 1954",
)


class Ends(NamedTuple):
    """Holds the ends of intervals and where there are none."""

    low: Floats
    high: Floats
    obstacle: NDArray[np.int8]


def compare(
    treatment: ArmEstimates,
    control: ArmEstimates,
    *,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
    method: Method = WELCH,
) -> Comparison:
    """Returns the effects of treatments against controls; shapes broadcast.

    Args:
        treatment: For example of shape (metrics, arms - 1).
        control: For example of shape (metrics, 1).
        alpha: 1 minus the confidence level.
        alternative: Which effects count.
        method: What the estimates are called, where they are not plain means.

    Raises:
        InvalidArgument: INVALID_FIELD: alpha is not in (0, 1), or shapes do not fit.
    """
    alpha = checks.alpha(alpha)
    checks.same_shape(treatment=treatment.value, control=control.value)
    obstacle = _obstacle(treatment, control)
    variance = treatment.variance + control.variance
    freedom = welch_freedom(treatment, control)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = np.where(obstacle == 0, treatment.value - control.value, np.nan)
        error = np.where(obstacle == 0, np.sqrt(variance), np.nan)
        statistic = difference / error
    quantile = critical_value(freedom, alpha, alternative)
    low, high = one_sided(difference - quantile * error, difference + quantile * error, alternative)
    lift, ends = lift_interval(treatment, control, quantile, alternative, obstacle)
    t, c, n_t, n_c = np.broadcast_arrays(treatment.value, control.value, treatment.unit_count, control.unit_count)
    return Comparison(
        method=method,
        alternative=alternative,
        alpha=alpha,
        treatment=t,
        control=c,
        treatment_unit_count=n_t,
        control_unit_count=n_c,
        difference=difference,
        standard_error=error,
        difference_low=low,
        difference_high=high,
        lift=lift,
        lift_low=ends.low,
        lift_high=ends.high,
        p_value=p_value(statistic, freedom, alternative),
        obstacle=obstacle,
        lift_obstacle=ends.obstacle,
        caution=treatment.caution | control.caution,
    )


def welch_freedom(treatment: ArmEstimates, control: ArmEstimates) -> Floats:
    """Returns Welch-Satterthwaite degrees of freedom; inf where both arms are normal, 1 where nothing varies."""
    squares = treatment.variance**2 / treatment.degrees_of_freedom + control.variance**2 / control.degrees_of_freedom
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        freedom = (treatment.variance + control.variance) ** 2 / squares
    return np.asarray(np.where(np.isnan(freedom), 1.0, freedom))


def critical_value(freedom: Floats, alpha: float, alternative: Alternative) -> Floats:
    """Returns the quantile of Student's t beyond which alpha lies, in both tails together or in one."""
    tail = alpha / 2 if alternative is Alternative.TWO_SIDED else alpha
    return np.asarray(-special.stdtrit(freedom, tail))


def p_value(statistic: Floats, freedom: Floats, alternative: Alternative) -> Floats:
    """Returns the probability of a statistic as far out as this one, without an effect."""
    if alternative is Alternative.TWO_SIDED:
        return np.asarray(2 * special.stdtr(freedom, -np.abs(statistic)))
    return np.asarray(special.stdtr(freedom, -statistic if alternative is Alternative.GREATER else statistic))


def one_sided(low: Floats, high: Floats, alternative: Alternative) -> tuple[Floats, Floats]:
    """Returns the ends, with the one that the alternative leaves open at infinity; NaN stays NaN."""
    if alternative is Alternative.GREATER:
        return low, np.where(np.isnan(low), low, np.inf)
    if alternative is Alternative.LESS:
        return np.where(np.isnan(high), high, -np.inf), high
    return low, high


def lift_interval(
    treatment: ArmEstimates,
    control: ArmEstimates,
    quantile: Floats,
    alternative: Alternative,
    obstacle: NDArray[np.int8],
) -> tuple[Floats, Ends]:
    """Returns the lift and Fieller's interval for it; no bounds exist where the control cannot be told from 0.

    A negative control turns the sides around: a ratio above 1 is then a treatment below control. The lift is taken
    relative to |C|, so that its sign is that of the difference.
    """
    t, c = np.broadcast_arrays(treatment.value, control.value)
    shared = (treatment.common_variance + control.common_variance) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        vt, vc = treatment.variance + treatment.common_variance, control.variance + control.common_variance
        spread = quantile**2
        a, b, d = c**2 - spread * vc, t * c - spread * shared, t**2 - spread * vt
        root = np.sqrt(np.maximum(b**2 - a * d, 0.0))
        sign = np.sign(c)
        lift = (t / c - 1) * sign
        first, second = ((b - root) / a - 1) * sign, ((b + root) / a - 1) * sign
    blocked = np.where(obstacle != 0, obstacle, np.where(c == 0, Obstacle.ZERO_CONTROL, 0))
    blocked = np.where((blocked == 0) & ~(a > 0), Obstacle.CONTROL_NEAR_ZERO, blocked).astype(np.int8)
    fine = blocked == 0
    low, high = np.minimum(first, second), np.maximum(first, second)
    low, high = one_sided(np.where(fine, low, np.nan), np.where(fine, high, np.nan), alternative)
    return np.where(fine, lift, np.nan), Ends(low, high, blocked)


def _obstacle(treatment: ArmEstimates, control: ArmEstimates) -> NDArray[np.int8]:
    """Returns what stands in the way of a difference; an arm without variance is fine beside one that has some."""
    first, second = np.broadcast_arrays(treatment.obstacle, control.obstacle)
    alike = (first == Obstacle.ZERO_VARIANCE) & (second == Obstacle.ZERO_VARIANCE)
    worst = np.maximum(*(np.where(one == Obstacle.ZERO_VARIANCE, 0, one) for one in (first, second)))
    return np.where(alike, Obstacle.ZERO_VARIANCE, worst).astype(np.int8)
