"""Several treatments against one control, with one error rate for all of them.

Bounds and p-values are those of the largest of all statistics (single step), so that intervals are simultaneous and
agree with the p-values. With equal variances this is Dunnett's test (1955), for any numbers of units. With unequal ones
every comparison has its own Welch-Satterthwaite degrees of freedom, and correlations are estimated (Hasler and Hothorn
2008): nearly exact from about 30 units an arm on.

The lift's intervals (Fieller) have the same bound. Ratios are correlated a little differently from differences, which
moves the simultaneous level of the lifts by less than can be seen (Dilba, Bretz and Guiard 2006), and at no effect not
at all.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import invalid_field
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.contrast import Contrast, contrast
from shared.statistics.estimates.means import FEW_UNITS
from shared.statistics.fixed.difference import WELCH, p_value, welch_freedom
from shared.statistics.fixed.many_to_one import beyond, bound_of, family_of
from shared.statistics.result import checks
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.result.obstacles import Caution, Obstacle

Floats: TypeAlias = NDArray[np.float64]

DUNNETT: Final = Method(
    "Dunnett's many-to-one test, Fieller's interval for the lift",
    Validity.FIXED_LOOK,
    (*WELCH.assumptions, "all arms have the same variance"),
    "Dunnett 1955; Fieller 1954",
)
DUNNETT_WELCH: Final = Method(
    "Dunnett's many-to-one test for unequal variances, Fieller's interval for the lift",
    Validity.FIXED_LOOK,
    WELCH.assumptions,
    "Hasler and Hothorn 2008; Dunnett 1955; Fieller 1954",
)


def dunnett(
    moments: Moments,
    *,
    control: int = 0,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
) -> Comparison:
    """Returns all other arms against the control, of shape (..., arms - 1), with one variance for all arms.

    Args:
        moments: Of one variable, shape (..., arms).
        control: Position of the control.
        alpha: Of the family of comparisons along the last axis.
        alternative: Which effects count.

    Raises:
        InvalidArgument: INVALID_FIELD: more than one variable, fewer than two arms, no such control, or alpha.
    """
    if moments.variable_count != 1 or not moments.shape or moments.shape[-1] < 2:
        raise invalid_field("moments", "must be of one variable, of shape (..., arms), two arms or more")
    if not 0 <= control < moments.shape[-1]:
        raise invalid_field("control", f"{control}, there are {moments.shape[-1]} arms")
    arms = _pooled_means(moments)
    treatments = _take(arms, [place for place in range(moments.shape[-1]) if place != control])
    pair = contrast(treatments, _take(arms, [control]))
    freedom = np.broadcast_to(treatments.degrees_of_freedom, pair.difference.shape)
    return _simultaneous(pair, freedom, alpha, alternative, DUNNETT)


def dunnett_welch(
    treatments: ArmEstimates,
    control: ArmEstimates,
    *,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
) -> Comparison:
    """Returns treatments against their control, whatever the estimates are and whatever their variances.

    Args:
        treatments: Shape (..., treatments).
        control: Shape (..., 1).
        alpha: Of the family of comparisons along the last axis.
        alternative: Which effects count.

    Raises:
        InvalidArgument: INVALID_FIELD: shapes do not fit, or alpha.
    """
    if not control.shape or control.shape[-1] != 1:
        raise invalid_field("control", f"shape {control.shape}, must end in 1")
    pair = contrast(treatments, control)
    freedom = np.broadcast_to(welch_freedom(treatments, control), pair.difference.shape)
    return _simultaneous(pair, freedom, alpha, alternative, DUNNETT_WELCH)


def _pooled_means(moments: Moments) -> ArmEstimates:
    count, squares = moments.count, moments.products[..., 0, 0].sum(-1, keepdims=True)
    freedom = np.maximum(count - 1, 0).sum(-1, keepdims=True)
    variance = squares / np.maximum(freedom, 1) / np.maximum(count, 1)
    return ArmEstimates(
        value=np.where(count > 0, moments.mean[..., 0], np.nan),
        variance=variance,
        common_variance=np.zeros(count.shape),
        degrees_of_freedom=np.broadcast_to(np.maximum(freedom, 1), count.shape),
        unit_count=count,
        obstacle=np.select(
            [count == 0, freedom == 0, variance == 0],
            [Obstacle.NO_UNITS, Obstacle.TOO_FEW_UNITS, Obstacle.ZERO_VARIANCE],
            Obstacle.NONE,
        ).astype(np.int8),
        caution=np.where(count < FEW_UNITS, Caution.FEW_UNITS, 0).astype(np.int32),
    )


def _take(arms: ArmEstimates, places: list[int]) -> ArmEstimates:
    return ArmEstimates(
        arms.value[..., places],
        arms.variance[..., places],
        arms.common_variance[..., places],
        arms.degrees_of_freedom[..., places],
        arms.unit_count[..., places],
        arms.obstacle[..., places],
        arms.caution[..., places],
    )


def _simultaneous(
    pair: Contrast, freedom: Floats, alpha: float, alternative: Alternative, method: Method
) -> Comparison:
    checks.alpha(alpha)
    with np.errstate(invalid="ignore", divide="ignore"):
        loading = np.sqrt(pair.control.variance / (pair.treatment.variance + pair.control.variance))
    single = p_value(pair.statistic, freedom, alternative)
    bound, p = np.full(freedom.shape, np.nan), np.full(freedom.shape, np.nan)
    for metric in np.ndindex(freedom.shape[:-1]):
        fine = pair.obstacle[metric] == 0
        bound[metric][fine], p[metric][fine] = _of_family(
            _reach(pair.statistic, alternative)[metric][fine],
            loading[metric][fine],
            freedom[metric][fine],
            alpha=alpha,
            two_sided=alternative is Alternative.TWO_SIDED,
        )
    # Far out the integral has lost its digits; the p-value is at least that of the test alone, at most Bonferroni's.
    p = np.clip(p, single, np.minimum(1.0, single * (pair.obstacle == 0).sum(-1, keepdims=True)))
    return pair.comparison(quantile=bound, p_value=p, alpha=alpha, alternative=alternative, method=method)


def _reach(statistic: Floats, alternative: Alternative) -> Floats:
    """Returns how far out the statistics are in the direction that counts."""
    if alternative is Alternative.TWO_SIDED:
        return np.abs(statistic)
    return statistic if alternative is Alternative.GREATER else -statistic


def _of_family(
    reach: Floats, loading: Floats, freedom: Floats, *, alpha: float, two_sided: bool
) -> tuple[Floats, Floats]:
    """Returns bounds and p-values of the comparisons of one metric, each under its own degrees of freedom."""
    bound, p = np.empty(reach.size), np.empty(reach.size)
    for own in np.unique(freedom):
        family, same = family_of(loading, own, two_sided=two_sided), freedom == own
        bound[same] = bound_of(alpha, own, family)
        p[same] = [beyond(each, family) for each in reach[same]]
    return bound, p
