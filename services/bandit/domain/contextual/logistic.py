"""Bayesian logistic models of the arms' proportions, by Laplace's approximation.

Chapelle and Li 2011, "An empirical evaluation of Thompson sampling", algorithm 3, with full covariance matrices:
the posterior is taken as normal about its maximum with the curvature there. Coefficients are log odds ratios to
the rate of all trials together (with half a success and half a failure added), which is where priors are centred.
A trial that counts less than fully has so much of a log likelihood.
"""

from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from services.bandit.domain.contextual.coefficients import CoefficientPosterior, Prior, posterior
from services.bandit.domain.contextual.trials import Trials

Floats = NDArray[np.float64]

_ITERATIONS: Final = 100
_HALVINGS: Final = 40
_CLOSE: Final = 1e-12


def logistic_posterior(trials: Trials, arm_count: int, prior: Prior) -> CoefficientPosterior:
    """Returns the approximate posterior; arms without trials have the prior, given the shared part of a hybrid model.

    Newton's method with halved steps: the log posterior is strictly concave whatever the data, so that successes and
    failures which a plane separates do no harm.

    Args:
        trials: With values from 0 to 1.
        arm_count: 1 to 64.
        prior: Of the coefficients, in log odds.
    """
    target = _LogPosterior.of(trials, arm_count, prior)
    coefficients = np.zeros((arm_count, trials.feature_count))
    height = target.height(coefficients)
    for _ in range(_ITERATIONS):
        known, gain = target.newton(coefficients)
        if gain <= _CLOSE * max(1.0, abs(height)):
            return known
        coefficients, height = target.climb(coefficients, known.mean, height)
    return target.newton(coefficients)[0]


@dataclass(frozen=True, slots=True, eq=False)
class _LogPosterior:
    """Is the log posterior density as a function of coefficients (K, d); trials are sorted by arm."""

    trials: Trials
    rows_of: list[slice]
    counts: Floats
    prior: Prior
    pooled_log_odds: float

    @classmethod
    def of(cls, trials: Trials, arm_count: int, prior: Prior) -> "_LogPosterior":
        ordered, rows_of = trials.by_arm(arm_count)
        counts = np.ones(ordered.count) if ordered.weights is None else ordered.weights
        successes, failures = float(counts @ ordered.values), float(counts @ (1 - ordered.values))
        return cls(ordered, rows_of, counts, prior, log((successes + 0.5) / (failures + 0.5)))

    def height(self, coefficients: Floats) -> float:
        """Returns the log density, but for a constant."""
        log_odds = self._log_odds(coefficients)
        likelihood = self.counts @ (self.trials.values * log_odds - np.logaddexp(0, log_odds))
        return float(likelihood) - self.prior.penalty(coefficients) / 2

    def newton(self, coefficients: Floats) -> tuple[CoefficientPosterior, float]:
        """Returns the normal density that touches this one, and how much its top promises to be higher, twice."""
        rates = special.expit(self._log_odds(coefficients))
        weights, contexts = self.counts * rates * (1 - rates), self.trials.contexts
        surprise = self.counts * (self.trials.values - rates)
        gram = np.stack([contexts[rows].T @ (weights[rows, None] * contexts[rows]) for rows in self.rows_of])
        slope = np.stack([contexts[rows].T @ surprise[rows] for rows in self.rows_of])
        pulled = (gram @ coefficients[:, :, None])[:, :, 0]
        known = posterior(gram, slope + pulled, self.prior)
        step = known.mean - coefficients
        return known, float((step * (gram @ step[:, :, None])[:, :, 0]).sum()) + self.prior.penalty(step)

    def climb(self, start: Floats, goal: Floats, height: float) -> tuple[Floats, float]:
        """Returns the goal, or the first point halfway back again and again that is higher, with its height."""
        for halving in range(_HALVINGS):
            point = start + (goal - start) * 0.5**halving
            reached = self.height(point)
            if reached > height:
                return point, reached
        return goal, self.height(goal)

    def _log_odds(self, coefficients: Floats) -> Floats:
        parts = [self.trials.contexts[rows] @ theta for rows, theta in zip(self.rows_of, coefficients, strict=True)]
        return np.concatenate(parts) + self.pooled_log_odds
