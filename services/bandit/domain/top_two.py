"""Top-two Thompson sampling in closed form: from chances of being best to weights.

Russo 2016, "Simple Bayesian algorithms for best arm identification", section 3.3: a draw names the leader I; with
probability beta I is played, otherwise draws are repeated until one names somebody else. With p the chances of being
best, the chance that arm i is played is

    p_i (beta + (1 - beta) sum_{j != i} p_j / (1 - p_j))
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST_DOUBT: Final = 1e-8
"""Chances of being best are right to 1e-10: of less doubt than this, the shares of the others cannot be told."""


def top_two_weights(probability_best: Floats, leader_share: float) -> Floats:
    """Returns the chances of being played, shape (n_arms,), summing to 1.

    Where one arm is best beyond doubt, the challenger's share is spread evenly over the others.

    Args:
        probability_best: Shape (n_arms,), 0 or more, summing to 1.
        leader_share: Beta, in (0, 1).
    """
    doubt = 1 - probability_best
    leader = int(probability_best.argmax())
    if probability_best.size == 1:
        return np.ones(1)
    if doubt[leader] < _LEAST_DOUBT:
        weights = np.full(probability_best.size, (1 - leader_share) / (probability_best.size - 1))
        weights[leader] = leader_share
        return weights
    odds = probability_best / doubt
    weights = probability_best * (leader_share + (1 - leader_share) * (odds.sum() - odds))
    return np.asarray(weights / weights.sum())
