"""CUPED: means and ratios of all arms, adjusted for what units were like before the start.

With Y an arm's value, X its covariates' means, X. those of all arms together, n units in all and w an arm's share:

    adjusted    Y - theta' (X - X.)                                        (Deng, Xu, Kohavi and Walker 2013)
    theta       (sum of S_XX)^-1 (sum of S_XY), sums over arms of centred products within the arm

Written as e + theta' X. with e = Y - theta' X, two things vary: e, independently between arms, and X., which all arms
share. With C_XX, C_Xe the arm's covariances of single units and K the mean of C_XX over units:

    variance of e                       s_e^2 / n_arm                      left in a difference
    variance on top of it               theta' K theta / n + 2 theta' C_Xe / n
    covariance of two arms              theta' K theta / n + theta' C_Xe / n + theta' C_Xe' / n

C_Xe is 0 where all arms have the same slope. Peers leave out what is shared, so that their intervals of the lift are
too narrow or too wide; the difference does not notice.

theta comes from within the arms, as in the analysis of covariance, not from all units as if they were one sample: then
a constant that is added to an arm moves its value by that constant and nothing else. (Both agree as n grows.)
theta costs: s_e^2 has one degree of freedom less for each covariate, and theta's own error adds, with v degrees of
freedom within arms and k covariates, a factor (v - 1) / (v - k - 1) to the variance (Cochran 1957).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.aggregates.moments import Moments, pooled
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.covariates import CovariateHealth, Regression, health, imposed, regressed
from shared.statistics.estimates.linear_forms import Linearised, Quantity, linearised
from shared.statistics.estimates.means import FEW_UNITS
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Caution, Obstacle

Floats: TypeAlias = NDArray[np.float64]

NOTHING_LEFT: Final = 1e-12
"""Share of the variance below which what is left is rounding: the covariates tell everything."""


class Cuped(NamedTuple):
    """Holds adjusted values of all arms and how well the covariates served."""

    estimates: ArmEstimates
    health: CovariateHealth


def cuped_means(
    moments: Moments, *, coefficients: ArrayLike | None = None, missing_indicators: Sequence[int] = ()
) -> Cuped:
    """Returns adjusted means of (value, covariates...).

    Args:
        moments: Of shape (..., arms): all arms, since they share the coefficients and the covariates' means.
        coefficients: theta where it is known from elsewhere, shape (..., covariates) or (covariates,): it then costs
            nothing. None estimates it.
        missing_indicators: Which covariates, from 0, are 1 for units that lack others (`with_missingness`).

    Raises:
        InvalidArgument: INVALID_FIELD: no arms, no covariates, or coefficients that do not fit.
    """
    quantities = [Quantity(place) for place in range(moments.variable_count)]
    return _adjusted(moments, quantities, coefficients, missing_indicators)


def cuped_ratios(
    moments: Moments, *, coefficients: ArrayLike | None = None, missing_indicators: Sequence[int] = ()
) -> Cuped:
    """Returns adjusted ratios of (numerator, denominator, covariates...), linearised; arguments as in `cuped_means`.

    Where the ratio's own past is known, its numerator and denominator are two covariates.
    """
    quantities = [Quantity(0, 1), *(Quantity(place) for place in range(2, moments.variable_count))]
    return _adjusted(moments, quantities, coefficients, missing_indicators)


def cuped_ratios_by_ratios(
    moments: Moments, *, coefficients: ArrayLike | None = None, missing_indicators: Sequence[int] = ()
) -> Cuped:
    """Returns adjusted ratios of (numerator, denominator, then pairs of covariates' numerators and denominators).

    A pair is one covariate, so that a ratio's past costs one coefficient and not two: cov(ratio, past ratio) has four
    terms (Deng et al. 2013). Arguments as in `cuped_means`.

    Raises:
        InvalidArgument: INVALID_FIELD: also where a covariate has no partner.
    """
    if moments.variable_count % 2:
        raise invalid_field("moments", f"{moments.variable_count} variables, must be pairs")
    quantities = [Quantity(place, place + 1) for place in range(0, moments.variable_count, 2)]
    return _adjusted(moments, quantities, coefficients, missing_indicators)


def _adjusted(
    moments: Moments, quantities: Sequence[Quantity], coefficients: ArrayLike | None, missing_indicators: Sequence[int]
) -> Cuped:
    if not moments.shape or moments.shape[-1] == 0:
        raise invalid_field("moments", "must have an axis of arms")
    if len(quantities) < 2:
        raise invalid_field("moments", "must have covariates")
    if any(not 0 <= place < len(quantities) - 1 for place in missing_indicators):
        raise invalid_field("missing_indicators", f"{missing_indicators!r}, must be positions of covariates")
    arms = linearised(moments, quantities)
    if coefficients is None:
        fit = regressed(moments.count, arms)
    else:
        fit = imposed(moments.count, arms, checks.finite("coefficients", coefficients))
    centre = linearised(pooled(moments), quantities).value[..., 1:]
    judged = health(moments.count, arms, centre, fit, missing_indicators)
    return Cuped(_estimates(moments.count, arms, centre, fit, judged), judged)


def _estimates(
    count: Floats, arms: Linearised, centre: Floats, fit: Regression, judged: CovariateHealth
) -> ArmEstimates:
    theta = fit.coefficients[..., None, :]
    value = arms.value[..., 0] - ((arms.value[..., 1:] - centre[..., None, :]) * theta).sum(-1)
    left = _left_over(arms, theta)
    inflation, freedom = _price(count, fit)
    return ArmEstimates(
        value=np.where(count > 0, value, np.nan),
        variance=np.where(np.isnan(left), 0, left) / np.maximum(count, 1) * inflation,
        common_variance=_common_variance(count, arms, theta),
        degrees_of_freedom=freedom,
        unit_count=count,
        obstacle=_obstacle(count, arms, left, fit),
        caution=_caution(count, arms) | judged.caution[..., None],
    )


def _caution(count: Floats, arms: Linearised) -> NDArray[np.int32]:
    return np.where((count < FEW_UNITS) | ~arms.is_precise, Caution.FEW_UNITS, 0).astype(np.int32)


def _left_over(arms: Linearised, theta: Floats) -> Floats:
    """Returns s_e^2 of every arm; 0 where only rounding is left."""
    contrast = np.concatenate([np.ones((*theta.shape[:-1], 1)), -theta], axis=-1)
    left = np.einsum("...i,...ij,...j->...", contrast, arms.covariance, contrast)
    return np.asarray(np.where(left <= NOTHING_LEFT * arms.covariance[..., 0, 0], 0.0, left))


def _common_variance(count: Floats, arms: Linearised, theta: Floats) -> Floats:
    within = np.nan_to_num(arms.covariance[..., 1:, 1:])
    along = np.nan_to_num(arms.covariance[..., 1:, 0])
    total = np.maximum(count.sum(-1, keepdims=True), 1)
    explained = np.einsum("...i,...ij,...j->...", theta, within, theta)
    shared = (explained * count).sum(-1, keepdims=True) / total
    return np.asarray((shared + 2 * ((theta * along).sum(-1) - explained)) / total)


def _price(count: Floats, fit: Regression) -> tuple[Floats, Floats]:
    """Returns the factor of the variances and the degrees of freedom, which arms lose in proportion to theirs."""
    own = np.maximum(count - 1, 1)
    whole, lost = fit.degrees_of_freedom[..., None], fit.estimated_count[..., None]
    left = np.maximum(whole - lost, 1)
    inflation = whole / left * (whole - 1) / np.maximum(whole - lost - 1, 1)
    return np.asarray(np.where(lost > 0, inflation, 1.0)), np.asarray(own * np.where(lost > 0, left / whole, 1.0))


def _obstacle(count: Floats, arms: Linearised, left: Floats, fit: Regression) -> NDArray[np.int8]:
    whole, lost = fit.degrees_of_freedom[..., None], fit.estimated_count[..., None]
    return np.select(
        [
            count == 0,
            np.isnan(arms.value).any(-1),
            (count < 2) | ((lost > 0) & (whole - lost < 2)),
            (fit.rank == 0)[..., None],
            left == 0,
        ],
        [
            Obstacle.NO_UNITS,
            Obstacle.ZERO_DENOMINATOR,
            Obstacle.TOO_FEW_UNITS,
            Obstacle.COVARIATE_WITHOUT_VARIANCE,
            Obstacle.ZERO_VARIANCE,
        ],
        Obstacle.NONE,
    ).astype(np.int8)
