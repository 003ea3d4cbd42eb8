"""Treatment against control at a fixed look: Welch's t for the difference, Fieller's interval for the lift.

With T and C the arms' values, v_T and v_C the variances of their own errors, and q a quantile of Student's t with
Welch-Satterthwaite degrees of freedom:

    difference   T - C +- q sqrt(v_T + v_C)
    lift         Fieller's interval with the same q, see `estimates.lift`

Both ask one question where there is no effect, so that their verdicts agree; of other lifts the degrees of freedom are
an approximation. Welch 1947; Satterthwaite 1946; Fieller 1954.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.contrast import contrast
from shared.statistics.result import checks
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity

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
        InvalidArgument: INVALID_FIELD: alpha is not in (0, 0.5), or shapes do not fit.
    """
    alpha = checks.alpha(alpha)
    pair = contrast(treatment, control)
    freedom = welch_freedom(treatment, control)
    return pair.comparison(
        quantile=critical_value(freedom, alpha, alternative),
        p_value=p_value(pair.statistic, freedom, alternative),
        alpha=alpha,
        alternative=alternative,
        method=method,
    )


def welch_freedom(treatment: ArmEstimates, control: ArmEstimates) -> Floats:
    """Returns Welch-Satterthwaite degrees of freedom; inf where both arms are normal, 1 where nothing varies."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = treatment.variance / (treatment.variance + control.variance)
        freedom = 1 / (share**2 / treatment.degrees_of_freedom + (1 - share) ** 2 / control.degrees_of_freedom)
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
