"""Covariates: their coefficients within arms, and whether they are fit to be adjusted for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shared.errors import invalid_field
from shared.statistics.estimates.linear_forms import Linearised
from shared.statistics.result.obstacles import Caution

Floats: TypeAlias = NDArray[np.float64]

COLLINEAR: Final = 1e-10
"""Eigenvalues of the covariates' correlations below it count as 0: centred products are exact to about 1e-13."""
CONSTANT: Final = 1e-12
"""Standard deviation, relative to the mean, below which a covariate is constant but for rounding."""
WEAK: Final = 0.01
"""Share of variance explained below which a covariate saves less than one unit in a hundred."""
IMBALANCED: Final = 0.001
"""Alpha of the test of balance: it runs for every metric, and peers use the same."""
MANY_MISSING: Final = 0.5
"""Share of units without covariate beyond which most of what it could save is lost."""


class Regression(NamedTuple):
    """Holds the coefficients of k covariates within arms, for metrics of shape M.

    Attributes:
        coefficients: Shape M + (k,).
        inverse: Pseudo-inverse of the centred products within arms, shape M + (k, k).
        rank: How many covariates differ from each other.
        estimated_count: `rank`, or 0 where the coefficients were given.
        degrees_of_freedom: Units less arms that have any.
        explained_share: Of the variance within arms, by the covariates (R^2); NaN where there is no variance.
    """

    coefficients: Floats
    inverse: Floats
    rank: Floats
    estimated_count: Floats
    degrees_of_freedom: Floats
    explained_share: Floats


@dataclass(frozen=True, slots=True)
class CovariateHealth:
    """Says how well k covariates served, for metrics of shape M.

    Attributes:
        coefficients: theta, shape M + (k,).
        independent_count: How many covariates are no combination of others.
        explained_share: Of the variance within arms (R^2); the rest is what units of the same arm still differ by.
        imbalance_p_value: Of equal covariate means in all arms, as randomisation would have it; NaN where unknown.
        missing_share: Of units that lack a covariate; 0 where no indicator was named.
        caution: `Caution` as int32.
    """

    coefficients: Floats
    independent_count: Floats
    explained_share: Floats
    imbalance_p_value: Floats
    missing_share: Floats
    caution: NDArray[np.int32]


def with_missingness(covariates: ArrayLike) -> Floats:
    """Returns the covariates with 0 where they were NaN, and beside them an indicator for each that says where.

    In a randomised experiment this is right whatever made them miss, since it happened before the start; the filled-in
    number does not matter, for the indicator's coefficient takes it up (Zhao and Ding 2022). An indicator
    that is constant or a copy of another costs nothing.

    Args:
        covariates: Units' values, shape (units, k).

    Returns:
        Shape (units, 2 k): the covariates, then the indicators.

    Raises:
        InvalidArgument: INVALID_FIELD: not two axes, or infinite values.
    """
    values = np.asarray(covariates, dtype=np.float64)
    if values.ndim != 2 or np.isinf(values).any():
        raise invalid_field("covariates", "must be finite or NaN, of shape (units, covariates)")
    missing = np.isnan(values)
    return np.concatenate([np.where(missing, 0.0, values), missing], axis=1)


def regressed(count: Floats, arms: Linearised) -> Regression:
    """Returns coefficients by least squares within arms; arms are the last axis of `count`.

    Source: analysis of covariance with one slope for all arms (Cochran 1957).
    """
    products, whole = _within(count, arms)
    inverse, rank = _pseudo_inverse(products[..., 1:, 1:])
    theta = (inverse @ products[..., 1:, :1])[..., 0]
    return Regression(theta, inverse, rank, rank, whole, _explained_share(products, theta))


def imposed(count: Floats, arms: Linearised, coefficients: Floats) -> Regression:
    """Returns the coefficients as they were given.

    Raises:
        InvalidArgument: INVALID_FIELD: not one for each covariate.
    """
    products, whole = _within(count, arms)
    shape = (*products.shape[:-2], products.shape[-1] - 1)
    try:
        theta = np.broadcast_to(coefficients, shape)
    except ValueError:
        raise invalid_field("coefficients", f"shape {coefficients.shape}, must be one for each covariate") from None
    inverse, rank = _pseudo_inverse(products[..., 1:, 1:])
    return Regression(theta, inverse, rank, np.zeros_like(rank), whole, _explained_share(products, theta))


def health(
    count: Floats, arms: Linearised, centre: Floats, fit: Regression, missing_indicators: Sequence[int]
) -> CovariateHealth:
    """Returns what the covariates were worth.

    Args:
        count: Units, shape M + (arms,).
        arms: The metric and its covariates, for each arm.
        centre: The covariates of all arms together, shape M + (k,).
        fit: Their coefficients.
        missing_indicators: Which covariates are 1 for units that lack others.
    """
    missing = centre[..., list(missing_indicators)].max(-1, initial=0.0)
    imbalance = _imbalance(count, arms, fit)
    return CovariateHealth(
        coefficients=fit.coefficients,
        independent_count=fit.rank,
        explained_share=fit.explained_share,
        imbalance_p_value=imbalance,
        missing_share=missing,
        caution=(
            np.where(_adjusted_share(fit) < WEAK, Caution.COVARIATE_WEAK, 0)
            | np.where(imbalance < IMBALANCED, Caution.COVARIATE_IMBALANCED, 0)
            | np.where(missing > MANY_MISSING, Caution.COVARIATE_MISSING, 0)
        ).astype(np.int32),
    )


def _within(count: Floats, arms: Linearised) -> tuple[Floats, Floats]:
    """Returns the sum over arms of centred products, without covariates that are constant, and its freedom."""
    freedom = np.maximum(count - 1, 0)
    products = (freedom[..., None, None] * np.nan_to_num(arms.covariance)).sum(-3)
    size = np.abs(np.nan_to_num(arms.value)).max(-2)
    whole = freedom.sum(-1)
    constant = np.diagonal(products, axis1=-2, axis2=-1) <= whole[..., None] * (CONSTANT * size) ** 2
    constant[..., 0] = False
    return np.where(constant[..., :, None] | constant[..., None, :], 0.0, products), whole


def _pseudo_inverse(products: Floats) -> tuple[Floats, Floats]:
    """Returns the pseudo-inverse and the rank, judged by correlations so that units of measurement do not matter."""
    scale = np.sqrt(np.diagonal(products, axis1=-2, axis2=-1))
    scale = np.where(scale == 0, 1.0, scale)
    outer = scale[..., :, None] * scale[..., None, :]
    values, vectors = np.linalg.eigh(products / outer)
    kept = values > COLLINEAR
    inverted = np.where(kept, 1 / np.where(kept, values, 1.0), 0.0)
    inverse = (vectors * inverted[..., None, :]) @ np.swapaxes(vectors, -1, -2) / outer
    return np.asarray(inverse), kept.sum(-1).astype(np.float64)


def _explained_share(products: Floats, theta: Floats) -> Floats:
    along, within = products[..., 1:, 0], products[..., 1:, 1:]
    explained = (theta * (2 * along - (within @ theta[..., None])[..., 0])).sum(-1)
    whole = products[..., 0, 0]
    return np.asarray(np.where(whole > 0, explained / np.where(whole > 0, whole, 1.0), np.nan))


def _adjusted_share(fit: Regression) -> Floats:
    """Returns the share explained, less what as many columns of noise would have explained."""
    left = np.maximum(fit.degrees_of_freedom - fit.estimated_count, 1)
    return np.asarray(1 - (1 - fit.explained_share) * fit.degrees_of_freedom / left)


def _imbalance(count: Floats, arms: Linearised, fit: Regression) -> Floats:
    """Returns the p-value of equal covariate means: Lawley and Hotelling's trace, McKeon's F (1974).

    It is exact for one covariate (analysis of variance) and nearly so for more.
    """
    covariates = np.nan_to_num(arms.value[..., 1:])
    total = np.maximum(count.sum(-1), 1)
    away = covariates - ((covariates * count[..., None]).sum(-2) / total[..., None])[..., None, :]
    trace = np.einsum("...a,...ai,...ij,...aj->...", count, away, fit.inverse, away)
    return _trace_p_value(trace, fit.rank, (count > 0).sum(-1) - 1.0, fit.degrees_of_freedom)


def _trace_p_value(trace: Floats, rank: Floats, groups: Floats, freedom: Floats) -> Floats:
    """Returns the upper tail of the trace, for `groups` + 1 samples; NaN where there are too few units for it."""
    fine = (rank > 0) & (groups > 0) & (freedom - rank > 3)
    p, q, n = np.where(fine, rank, 1), np.where(fine, groups, 1), np.where(fine, (freedom - rank - 1) / 2, 2)
    b = (p + 2 * n) * (q + 2 * n) / (2 * (2 * n + 1) * (n - 1))
    below = 4 + (p * q + 2) / (b - 1)
    statistic = trace * 2 * n * below / (p * q * (below - 2))
    return np.asarray(np.where(fine, special.fdtrc(p * q, below, statistic), np.nan))
