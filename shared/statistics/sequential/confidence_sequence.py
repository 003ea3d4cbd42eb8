"""Treatment against control at any time: the asymptotic confidence sequence of the normal mixture.

With d_n the estimated difference when n units have come and SE_n its standard error, S = d_n / SE_n^2 is a sum with
independent normal increments and intrinsic time V = 1 / SE_n^2, as if the variances were known: the covariance of d_m
and d_n is the variance of the later one, whatever the arms' sizes, as long as they do not follow the outcomes. The
normal mixture's boundary on S gives

    difference   d_n +- SE_n u(V) / sqrt(V)
    lift         Fieller's interval with u(V) / sqrt(V) in place of a quantile
    p-value      min(1, 1 / E)                                                     (`normal_mixture`)

V is counted in units: those that an even split would need for the same standard error, V = 2 (v_T + v_C) / SE^2 with v
the variance that one unit stands for. Under an even split V is n, and all this is what Waudby-Smith, Arbour, Sinha,
Kennedy and Ramdas 2024 (theorem 2.2, and proposition 2.5 one-sided) write with n: S^2 = n d^2 / SE^2 there.

The truth is outside of the sequence at any look, ever, with probability alpha, in the limit of a late first look.
For the lift, weights have to be constant as well: only then do all ratios share one intrinsic time.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.contrast import Contrast, contrast
from shared.statistics.result import checks
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.result.obstacles import Caution
from shared.statistics.sequential import normal_mixture

Floats = NDArray[np.float64]
Flags = NDArray[np.int32]

BURN_IN_UNIT_COUNT: Final = 100
"""Units of an arm, before which its variance may be far off."""

BURN_IN_EVENT_COUNT: Final = 200
"""Squared mean of an arm in standard errors: the number of its events, where values are rare events. Before it, an arm
that is much smaller than the other may be skewed as nothing balances it: with 1 unit in 10, sequences that begin
earlier miss rare successes in 29 to 44 % and lognormal values (sigma 2) in 17 % of all experiments, and later 5 % at
most; with arms of one size, whose skewness cancels, 2 % at any time."""

UNEVEN: Final = 2.0
"""Ratio of the arms' units from which on skewness counts."""

ASYMPTOTIC_SEQUENCE: Final = Method(
    "asymptotic confidence sequence, Fieller's interval for the lift",
    Validity.ANY_TIME,
    (
        "units are independent of each other",
        "arms were randomised with weights that did not follow the data, and did not change if the metric drifts",
        "the first look comes when the arms' means are nearly normal and their variances well estimated",
    ),
    "Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024; Fieller 1954",
)


def anytime_comparison(
    treatment: ArmEstimates,
    control: ArmEstimates,
    *,
    optimal_unit_count: float,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
    method: Method = ASYMPTOTIC_SEQUENCE,
) -> Comparison:
    """Returns the effects of treatments against controls, to be looked at as often as one likes; shapes broadcast.

    The smallest p-value so far is one too, and so is what the intervals so far have in common (while no effect drifts).
    BEFORE_BURN_IN says where the limit is not near enough; proportions have a sequence without one (`proportions`).

    Args:
        treatment: For example of shape (metrics, arms - 1): means, ratios or adjusted means.
        control: For example of shape (metrics, 1).
        optimal_unit_count: Units of both arms together, evenly split, at which the interval is tightest: those of the
            plan. To be set beforehand; the interval is valid with any value, and 1.55 times as wide there as one that
            is looked at once.
        alpha: Probability that the sequence ever misses the truth, in (0, 0.5).
        alternative: Which effects count.
        method: What the estimates are called, where they are not plain means.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    precision = normal_mixture.precision_for(optimal_unit_count, alpha=alpha, alternative=alternative)
    pair = contrast(treatment, control)
    time = intrinsic_unit_count(pair)
    reach = normal_mixture.radius(time, precision=precision, alpha=alpha, alternative=alternative)
    deviation = pair.statistic * np.sqrt(time)
    return pair.comparison(
        quantile=reach / np.sqrt(time),
        p_value=normal_mixture.p_value(deviation, time, precision=precision, alternative=alternative),
        alpha=checks.alpha(alpha),
        alternative=alternative,
        method=method,
        caution=_burn_in(treatment, control),
    )


def intrinsic_unit_count(pair: Contrast) -> Floats:
    """Returns the units of both arms that an even split would need for the standard error; NaN where there is none."""
    treatment, control = pair.treatment, pair.control
    each = treatment.variance * treatment.unit_count + control.variance * control.unit_count
    return np.asarray(2 * each / pair.standard_error**2)


def _burn_in(treatment: ArmEstimates, control: ArmEstimates) -> Flags:
    """Returns BEFORE_BURN_IN where an arm has too few units, or no variance, or may be skewed beside a larger one."""
    smaller = np.minimum(treatment.unit_count, control.unit_count)
    larger = np.maximum(treatment.unit_count, control.unit_count)
    is_rare = np.minimum(_events(treatment), _events(control)) < BURN_IN_EVENT_COUNT
    is_flat = (treatment.variance == 0) | (control.variance == 0)
    early = (smaller < BURN_IN_UNIT_COUNT) | is_flat | (is_rare & (larger > UNEVEN * smaller))
    return np.asarray(early * np.int32(Caution.BEFORE_BURN_IN))


def _events(arm: ArmEstimates) -> Floats:
    """Returns the squared value in standard errors; 0 where there is no value."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nan_to_num(arm.value**2 / arm.variance, nan=0.0, posinf=np.inf))
