"""Bayesian linear models of the arms' values.

Values are counted in their standard deviations from their mean, so that the answer is the same in cents as in dollars
and a prior precision of 1 says that coefficients are about one deviation. The noise has one variance for all arms, put
in as if it were known: MacKay 1992, "Bayesian interpolation", equation 4.9, with one trial of prior data,

    variance = (1 + sum of squared residuals) / (1 + n - effective parameters)

A trial that counts less than fully enters every sum with its weight, n included: what is forgotten is known less
precisely (Russac, Vernade and Cappe 2019, "Weighted linear bandits for non-stationary environments").
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.contextual.coefficients import CoefficientPosterior, Prior, posterior
from services.bandit.domain.contextual.trials import Trials

Floats = NDArray[np.float64]

_ITERATIONS: Final = 100
_CLOSE: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class LinearFit:
    """Is what the trials say, in standard deviations of the values.

    Attributes:
        posterior: Of the coefficients, for values less their mean.
        noise_variance: Above 0; 1 where values are all alike or missing.
        prediction_variance: Posterior variance of an arm's expected value, averaged over the trials; infinite without.
    """

    posterior: CoefficientPosterior
    noise_variance: float
    prediction_variance: float


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """Holds weighted sums over the trials of each arm: of x x' (K, d, d), of x z (K, d); and of z^2 and 1 over all."""

    gram: Floats
    cross: Floats
    square_sum: float
    count: float

    def posterior(self, prior: Prior, noise: float) -> CoefficientPosterior:
        return posterior(self.gram / noise, self.cross / noise, prior)

    def residual_sum(self, mean: Floats) -> float:
        fitted = (self.gram @ mean[:, :, None])[:, :, 0]
        return max(self.square_sum - float((mean * (2 * self.cross - fitted)).sum()), 0.0)

    def prediction_variance_sum(self, known: CoefficientPosterior) -> float:
        return float((self.gram * known.covariances()).sum())


def linear_fit(trials: Trials, arm_count: int, prior: Prior) -> LinearFit:
    """Returns the fit; arms without trials have the prior, given the shared part where the model is hybrid."""
    moments = _moments(trials, arm_count)
    noise = _noise_variance(moments, prior)
    known = moments.posterior(prior, noise)
    variance = moments.prediction_variance_sum(known) / moments.count if moments.count else np.inf
    return LinearFit(known, noise, variance)


def _moments(trials: Trials, arm_count: int) -> _Moments:
    ordered, rows_of = trials.by_arm(arm_count)
    # Of both factors of a product the root of the weight is what it needs.
    root = np.ones(ordered.count) if ordered.weights is None else np.sqrt(ordered.weights)
    standard = root * _standardised(ordered.values, ordered.weights)
    contexts = root[:, None] * ordered.contexts
    gram = np.stack([contexts[rows].T @ contexts[rows] for rows in rows_of])
    cross = np.stack([contexts[rows].T @ standard[rows] for rows in rows_of])
    return _Moments(gram, cross, float(standard @ standard), ordered.total_weight)


def _standardised(values: Floats, weights: Floats | None) -> Floats:
    """Returns deviations from the weighted mean, in standard deviations; zeros where all that count are alike."""
    counting = values if weights is None else values[weights > 0]
    if counting.size == 0 or counting.min() == counting.max():
        return np.zeros(values.size)
    scaled = values / np.abs(counting).max()
    deviations = scaled - np.average(scaled, weights=weights)
    return np.asarray(deviations / np.sqrt(np.average(deviations**2, weights=weights)))


def _noise_variance(moments: _Moments, prior: Prior) -> float:
    noise = 1.0
    if moments.square_sum == 0:
        return noise
    for _ in range(_ITERATIONS):
        known = moments.posterior(prior, noise)
        freedom = moments.count - moments.prediction_variance_sum(known) / noise
        before, noise = noise, (1 + moments.residual_sum(known.mean)) / (1 + max(freedom, 0.0))
        if abs(noise - before) <= _CLOSE * noise:
            break
    return noise
