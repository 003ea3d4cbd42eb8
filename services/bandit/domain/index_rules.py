"""UCB1 and KL-UCB: the arm whose mean could be highest, as far as its units let one doubt.

Auer, Cesa-Bianchi and Fischer 2002, "Finite-time analysis of the multiarmed bandit problem"; Garivier and Cappe 2011,
"The KL-UCB algorithm for bounded stochastic bandits and beyond". For normal values with a known variance the bound of
KL-UCB is mean + sqrt(2 variance (ln t + c ln ln t) / n); the variance is the pooled one within the arms.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.statistics import ArmStatistics
from services.bandit.kernels.index_play import play_bernoulli, play_normal
from shared.definition.model import KlUcb, Metric, MetricDirection, MetricKind, Ucb1

Floats = NDArray[np.float64]

MOST_DEVIATION_OF_PROPORTIONS = 0.5


def index_weights(algorithm: Ucb1 | KlUcb, statistics: Sequence[ArmStatistics], metric: Metric) -> Floats:
    """Returns the shares that arms get of the coming units, shape (n_arms,), summing to 1.

    While nothing tells how much the values of a MEAN vary, all shares are equal.
    """
    counts = np.array([arm.unit_count for arm in statistics], dtype=np.float64)
    # In a plan, an arm without units is taken to be like the others until it is known.
    means = np.where(counts > 0, [arm.mean for arm in statistics], _pooled_mean(statistics))
    proportion = metric.kind is MetricKind.PROPORTION
    if metric.direction is MetricDirection.MINIMIZE:
        means = 1 - means if proportion else -means
    ahead = algorithm.lookahead_unit_count
    if proportion and isinstance(algorithm, KlUcb):
        return play_bernoulli(means, counts, algorithm.c, ahead)
    deviation = MOST_DEVIATION_OF_PROPORTIONS if proportion else deviation_within(statistics)
    if deviation is None:
        return np.full(len(statistics), 1 / len(statistics))
    if isinstance(algorithm, Ucb1):
        return play_normal(means, counts, deviation * sqrt(algorithm.exploration), 0.0, ahead)
    return play_normal(means, counts, deviation * sqrt(2), algorithm.c, ahead)


def deviation_within(statistics: Sequence[ArmStatistics]) -> float | None:
    """Returns the pooled standard deviation within arms, or None where no arm has two units to tell it by."""
    freedom = sum(max(arm.unit_count - 1, 0) for arm in statistics)
    return sqrt(sum(arm.square_deviation_sum for arm in statistics) / freedom) if freedom > 0 else None


def _pooled_mean(statistics: Sequence[ArmStatistics]) -> float:
    """Returns the mean of all units; 0 without any."""
    count = sum(arm.unit_count for arm in statistics)
    return sum(arm.unit_count * arm.mean for arm in statistics) / count if count else 0.0
