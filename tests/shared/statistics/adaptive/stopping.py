"""The rules by which bandits are often stopped, on plain sums: whom each would declare, look after look."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.adaptive.batches import Batches
from shared.statistics.adaptive.likelihood_ratio import Rewards, bernoulli_threshold, likelihood_ratio
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.fixed import difference
from tests.shared.statistics.adaptive.bandits import best_arm_chances

Booleans: TypeAlias = NDArray[np.bool_]


def pooled_so_far(batches: Batches) -> Moments:
    """Returns the moments of each arm over all batches up to each, shape L + (B, K)."""
    count = np.cumsum(batches.count, axis=-2)
    total = np.cumsum(batches.count * batches.mean, axis=-2)
    squares = np.cumsum(batches.squares + batches.count * batches.mean**2, axis=-2)
    mean = total / np.maximum(count, 1)
    return Moments.of_values(count, mean, np.maximum(squares - count * mean**2, 0.0))


def probably_best(batches: Batches, level: float) -> Booleans:
    """Returns which arms have at least that posterior probability to be the best, shape (repetitions, B, K)."""
    arms = pooled_so_far(batches)
    total = arms.count * arms.mean[..., 0]
    squares = arms.products[..., 0, 0] + total * arms.mean[..., 0]
    sums = np.stack([arms.count, total, squares])
    looks = [best_arm_chances(*sums[:, :, look]) for look in range(batches.batch_count)]
    return np.stack(looks, axis=1) >= level


def differs_by_welch(batches: Batches) -> Booleans:
    """Returns which arms differ from the first one with p < 5 %, shape (repetitions, B, K - 1)."""
    arms = means(pooled_so_far(batches))
    found = difference.compare(arms[:, :, 1:], arms[:, :, :1])
    return np.nan_to_num(found.p_value, nan=1.0) < 0.05


def beyond_proved_threshold(batches: Batches) -> Booleans:
    """Returns whether the leader is declared by Garivier and Kaufmann's threshold at 5 %, shape (repetitions, B)."""
    arms = pooled_so_far(batches)
    found = likelihood_ratio(arms, Rewards.BERNOULLI)
    threshold = bernoulli_threshold(arms.count.sum(axis=-1), arm_count=batches.arm_count, delta=0.05)
    return np.asarray(found.statistic > threshold)
