"""Adaptively weighted means of a bandit's arms: AIPW scores G, averaged with one weight h for each batch.

    Q = sum h G / sum h,        V = sum h^2 1{A = a} (Y - m)^2 / e^2 / (sum h)^2

Hadad, Hirshberg, Zhan, Wager and Athey 2021, eq. 6 and theorem 2: Q is nearly normal where h makes the variance of h G
nearly the same in all batches. V leaves out the squares of what the plug-ins differ from Q by: errors of two arms are
then uncorrelated, and V is too large by no more than those squares.

Where few units were allocated to an arm, that is since they looked bad; where the variance moves with the mean, as it
does for rates and for skewed values, it looks small then, too, and intervals would be too short just where the estimate
is too low. So an arm's variance is not taken to be smaller than that of all arms together.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.adaptive.batches import Indexes
from shared.statistics.adaptive.scores import Booleans, Scores
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.means import FEW_UNITS
from shared.statistics.result.obstacles import Caution, Obstacle

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int8]
Flags: TypeAlias = NDArray[np.int32]

FEW_EFFECTIVE_UNITS: Final = 100
"""As many equally weighted units (Kish 1965): below it a few rarely allocated ones decide."""


def weighted_means(scores: Scores, arms: Indexes, weights: Floats) -> ArmEstimates:
    """Returns the weighted means of arms after each batch, shape L + (B, C); the last one is what is known now.

    Degrees of freedom are those of Kish's effective number of units, less 1.

    Args:
        scores: Of all arms.
        arms: Shape (C,).
        weights: Weight h of a unit in each batch, 0 or more and 0 where the arm is not live, shape L + (B, C). It may
            depend on earlier batches and on propensities, not on outcomes of its own batch.
    """
    whole = _so_far(weights * scores.unit_count)
    reach = weights * scores.inverse[..., arms]
    count = _so_far(np.where(weights > 0, scores.count[..., arms], 0.0))
    kish = _ratio(_so_far(reach**2 * scores.count[..., arms]) ** 2, _so_far(reach**4 * scores.count[..., arms]))
    variance = _ratio(_variance_sum(scores, arms, reach), whole**2)
    value = np.where(count > 0, _ratio(_so_far(weights * scores.total[..., arms]), whole), np.nan)
    return ArmEstimates(
        value=value,
        variance=variance,
        common_variance=np.zeros(count.shape),
        degrees_of_freedom=np.maximum(kish - 1, 1.0),
        unit_count=count,
        obstacle=_obstacle(scores, arms, count, variance),
        caution=_caution(scores, arms, weights, count, kish),
    )


def stabilising_weights(scores: Scores, *groups: Indexes) -> Floats:
    """Returns h = (sum of 1 / e)^(-1/2) over the arms that are compared, shape L + (B, C); 0 unless all are live.

    With it the variance of h times a score, or times a difference of scores, is the same in all batches whose outcomes
    vary alike (Zhan, Hadad, Hirshberg and Athey 2021, section 3).

    Args:
        scores: Of all arms.
        groups: Each of shape (C,): the first arm of each comparison, the second one, and so on.
    """
    inverse = np.sum([scores.inverse[..., arms] for arms in groups], axis=0)
    all_live = np.all([scores.is_live[..., arms] for arms in groups], axis=0)
    return np.where(all_live, 1 / np.sqrt(np.where(all_live, inverse, 1.0)), 0.0)


def _variance_sum(scores: Scores, arms: Indexes, reach: Floats) -> Floats:
    """Returns sum h^2 (Y - m)^2 / e^2, with at least the variance of all arms together for each unit."""
    count, squares = _so_far(scores.count), _so_far(scores.squares)
    own = _ratio(squares, count)
    pooled = _ratio(squares.sum(axis=-1, keepdims=True), count.sum(axis=-1, keepdims=True))
    lack = np.maximum(pooled - own, 0.0)[..., arms]
    observed = _so_far(reach**2 * scores.squares[..., arms])
    return np.asarray(observed + lack * _so_far(reach**2 * scores.count[..., arms]))


def _obstacle(scores: Scores, arms: Indexes, count: Floats, variance: Floats) -> Codes:
    found = np.select(
        [_ever(scores.is_missing[..., arms]), ~_ever(scores.is_live[..., arms]), count == 0, count < 2, variance <= 0],
        [
            Obstacle.MISSING_PROPENSITY,
            Obstacle.ARM_NEVER_ALLOCATED,
            Obstacle.NO_UNITS,
            Obstacle.TOO_FEW_UNITS,
            Obstacle.ZERO_VARIANCE,
        ],
        Obstacle.NONE,
    )
    return np.asarray(found, dtype=np.int8)


def _caution(scores: Scores, arms: Indexes, weights: Floats, count: Floats, kish: Floats) -> Flags:
    dropped = _ever((weights == 0) & (scores.count[..., arms] > 0))
    flags = np.where(count < FEW_UNITS, Caution.FEW_UNITS, 0)
    flags |= np.where(kish < FEW_EFFECTIVE_UNITS, Caution.HEAVY_WEIGHTS, 0)
    return np.asarray(flags | np.where(dropped, Caution.BATCHES_DROPPED, 0), dtype=np.int32)


def _so_far(values: Floats) -> Floats:
    return np.cumsum(values, axis=-2)


def _ever(values: Booleans) -> Booleans:
    return np.logical_or.accumulate(values, axis=-2)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Returns part / whole, 0 where there is no whole."""
    return np.asarray(part / np.where(whole > 0, whole, np.inf))
