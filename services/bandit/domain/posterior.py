"""What the data say of each arm: posterior mean, interval, probability of being best, expected loss."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from services.bandit.domain.statistics import ArmStatistics
from shared.definition.model import (
    Algorithm,
    BetaThompson,
    GammaThompson,
    GaussianThompson,
    Metric,
    MetricDirection,
    MetricKind,
)
from shared.kernels.best_arm import beta_best_arm, gamma_best_arm, student_best_arm

Floats = NDArray[np.float64]

INTERVAL_TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Posterior:
    """Holds one entry per arm, in the metric's unit; every array has shape (n_arms,) float64.

    Attributes:
        mean: Posterior means.
        low: 2.5 % quantiles.
        high: 97.5 % quantiles.
        probability_best: In [0, 1], summing to 1.
        expected_loss: 0 or more; infinite where the expectation does not exist.
    """

    mean: Floats
    low: Floats
    high: Floats
    probability_best: Floats
    expected_loss: Floats


def posterior(algorithm: Algorithm, statistics: Sequence[ArmStatistics], metric: Metric) -> Posterior | None:
    """Returns the posterior of every arm, or None where the data carry no information (all values alike).

    Algorithms that have no posterior of their own are shown with the one that suits the metric's kind.
    """
    match algorithm:
        case GammaThompson():
            return gamma_posterior(algorithm, statistics, metric.direction)
        case BetaThompson():
            return beta_posterior(algorithm, statistics, metric.direction)
        case GaussianThompson():
            return gaussian_posterior(algorithm, statistics, metric.direction)
    if metric.kind is MetricKind.PROPORTION:
        return beta_posterior(BetaThompson(), statistics, metric.direction)
    return gaussian_posterior(GaussianThompson(), statistics, metric.direction)


def beta_posterior(
    algorithm: BetaThompson, statistics: Sequence[ArmStatistics], direction: MetricDirection
) -> Posterior:
    """Returns Beta posteriors of proportions: successes and failures are added to the prior's pseudo-counts."""
    successes = np.array([arm.value_sum for arm in statistics])
    counts = np.array([arm.unit_count for arm in statistics], dtype=np.float64)
    alpha = algorithm.prior_alpha + successes
    beta = algorithm.prior_beta + counts - successes
    best = beta_best_arm(alpha, beta) if direction is MetricDirection.MAXIMIZE else beta_best_arm(beta, alpha)
    return Posterior(
        alpha / (alpha + beta),
        special.betaincinv(alpha, beta, INTERVAL_TAIL),
        special.betaincinv(alpha, beta, 1 - INTERVAL_TAIL),
        *best,
    )


def gamma_posterior(
    algorithm: GammaThompson, statistics: Sequence[ArmStatistics], direction: MetricDirection
) -> Posterior:
    """Returns Gamma posteriors of Poisson rates: events and units are added to the prior's pseudo-counts."""
    shape = algorithm.prior_shape + np.array([arm.value_sum for arm in statistics])
    rate = algorithm.prior_unit_count + np.array([arm.unit_count for arm in statistics], dtype=np.float64)
    best = gamma_best_arm(shape, rate, smallest_is_best=direction is MetricDirection.MINIMIZE)
    low, high = (special.gammaincinv(shape, tail) / rate for tail in (INTERVAL_TAIL, 1 - INTERVAL_TAIL))
    return Posterior(shape / rate, low, high, *best)


def gaussian_posterior(
    algorithm: GaussianThompson, statistics: Sequence[ArmStatistics], direction: MetricDirection
) -> Posterior | None:
    """Returns Student posteriors of means under a unit-information prior (Kass and Wasserman 1995).

    The prior is normal-inverse-gamma, centred on the pooled mean with the pooled variance and worth `prior_unit_count`
    units, so that the answer is the same in cents as in dollars. Update: Murphy 2007, equations 85 to 89.
    """
    counts = np.array([arm.unit_count for arm in statistics], dtype=np.float64)
    means = np.array([arm.mean for arm in statistics])
    within = np.array([arm.square_deviation_sum for arm in statistics])
    total = counts.sum()
    if total == 0:
        return None
    # Means are taken from one of them, so that equal ones stay equal to the last bit.
    origin = means[counts.argmax()]
    distances = np.where(counts > 0, means - origin, 0.0)
    pooled_mean = float(counts @ distances / total)
    pooled_variance = float((within.sum() + counts @ (distances - pooled_mean) ** 2) / total)
    if pooled_variance <= 0:
        return None
    prior_count = algorithm.prior_unit_count
    posterior_count = prior_count + counts
    location = (prior_count * pooled_mean + counts * distances) / posterior_count
    shrinkage = prior_count * counts * (distances - pooled_mean) ** 2 / posterior_count
    scale = np.sqrt((prior_count * pooled_variance + within + shrinkage) / posterior_count / posterior_count)
    sign = 1.0 if direction is MetricDirection.MAXIMIZE else -1.0
    best = student_best_arm(sign * location, scale, posterior_count)
    reach = special.stdtrit(posterior_count, 1 - INTERVAL_TAIL) * scale
    mean = origin + location
    return Posterior(mean, mean - reach, mean + reach, *best)
