"""Epsilon-greedy with decay: Auer, Cesa-Bianchi and Fischer 2002, "Finite-time analysis of the multiarmed bandit"."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.statistics import ArmStatistics
from shared.definition.model import EpsilonGreedy, MetricDirection

Floats = NDArray[np.float64]


def greedy_weights(algorithm: EpsilonGreedy, statistics: Sequence[ArmStatistics], direction: MetricDirection) -> Floats:
    """Returns epsilon spread evenly and the rest on the arm with the best mean, shape (n_arms,).

    Arms with equal means share; arms without units come first.
    """
    sign = 1.0 if direction is MetricDirection.MAXIMIZE else -1.0
    counts = np.array([arm.unit_count for arm in statistics], dtype=np.float64)
    means = np.where(counts > 0, sign * np.array([arm.mean for arm in statistics]), np.inf)
    best = means == means.max()
    epsilon = algorithm.epsilon
    if algorithm.half_share_unit_count:
        epsilon /= 1 + float(counts.sum()) / algorithm.half_share_unit_count
    return np.asarray(epsilon / counts.size + (1 - epsilon) * best / best.sum())
