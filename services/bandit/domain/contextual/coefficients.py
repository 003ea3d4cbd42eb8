"""The normal posterior of the arms' coefficients, given what the trials say of each arm.

Disjoint models: theta_a ~ N(0, I / precision), independent. Hybrid: theta_a = beta + delta_a, each part having half of
that variance, so that an arm alone has the same prior and two arms are correlated by 1/2 (the hybrid model of Li, Chu,
Langford and Schapire 2010, section 3.2, with the arms' features shared). The joint normal equations of (K + 1) d
unknowns are solved by elimination of the arms, at a cost of K d^3: no size within the limits of trials is too large.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST_RIDGE: Final = 1e-12
"""Of an arm's largest diagonal entry: with less, rounding would hide that a matrix is positive definite."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Is N(0, I / precision) for the coefficients of each arm; hybrid: with a part that all arms share."""

    precision: float
    hybrid: bool = False

    @property
    def own_precision(self) -> float:
        """Returns the precision of what an arm has for itself."""
        return 2 * self.precision if self.hybrid else self.precision

    def penalty(self, coefficients: Floats) -> float:
        """Returns the quadratic form whose half is minus the log density of coefficients (K, d), but for a constant."""
        own = float((coefficients**2).sum())
        if self.hybrid:
            total = coefficients.sum(axis=0)
            own -= float(total @ total) / (coefficients.shape[0] + 1)
        return self.own_precision * own


@dataclass(frozen=True, slots=True, eq=False)
class CoefficientPosterior:
    """Is theta_a = mean_a + own_a g_a + shared_a g_0, all g independent standard normal vectors.

    Attributes:
        mean: Shape (K, d).
        own: Shape (K, d, d).
        shared: Shape (K, d, d); None where arms are independent.
    """

    mean: Floats
    own: Floats
    shared: Floats | None = None

    def covariances(self) -> Floats:
        """Returns the covariance matrix of each arm's coefficients, shape (K, d, d)."""
        covariance = self.own @ self.own.swapaxes(1, 2)
        if self.shared is not None:
            covariance = covariance + self.shared @ self.shared.swapaxes(1, 2)
        return np.asarray(covariance)

    def width_factors(self) -> Floats:
        """Returns F of each arm with |F x| the posterior deviation of theta_a . x, shape (K, d, d)."""
        if self.shared is None:
            return self.own.swapaxes(1, 2)
        return np.asarray(np.linalg.cholesky(self.covariances()).swapaxes(1, 2), np.float64)

    def deviations(self, count: int, rng: np.random.Generator) -> Floats:
        """Returns draws of theta - mean, shape (count, K, d).

        They come in antithetic pairs, g and -g: each follows the posterior exactly, as g does, and shares of wins,
        being averages over draws, stay unbiased while their errors cancel in part.
        """
        arms, features = self.mean.shape
        half = (count + 1) // 2
        draws = self.own @ rng.standard_normal((arms, features, half))
        if self.shared is not None:
            draws += self.shared @ rng.standard_normal((features, half))
        return np.concatenate([draws, -draws], axis=2)[:, :, :count].transpose(2, 0, 1)


def posterior(gram: Floats, cross: Floats, prior: Prior) -> CoefficientPosterior:
    """Returns the posterior where the log likelihood of arm a is cross_a . theta_a - theta_a' gram_a theta_a / 2.

    Args:
        gram: Symmetric and positive semidefinite, shape (K, d, d).
        cross: Shape (K, d).
        prior: Of the coefficients.
    """
    own_precision, eye = prior.own_precision, np.eye(cross.shape[1])
    ridges = np.maximum(own_precision, _LEAST_RIDGE * gram.diagonal(axis1=1, axis2=2).max(axis=1))
    inverse_root = np.linalg.inv(np.linalg.cholesky(gram + ridges[:, None, None] * eye))
    own = inverse_root.swapaxes(1, 2)
    alone = (own @ (inverse_root @ cross[:, :, None]))[:, :, 0]
    if not prior.hybrid:
        return CoefficientPosterior(alone, own)
    follow = own_precision * own @ inverse_root
    precision = own_precision * eye + (follow @ gram).sum(axis=0)
    shared_root = np.linalg.inv(np.linalg.cholesky((precision + precision.T) / 2)).T
    shared_mean = shared_root @ (shared_root.T @ (own_precision * alone.sum(axis=0)))
    return CoefficientPosterior(alone + follow @ shared_mean, own, follow @ shared_root)
