"""Doubly robust scores of a bandit's units, as sums over policy versions.

A unit i of version b that got arm A with propensity e(A) and earned Y has the score

    G_i = sum over arms k of pi(k) m_i(k) + pi(A) / e(A) (Y - m_i(A))

(Dudik, Langford and Li 2011), unbiased for the value of pi whatever the prediction m_i, as long as m_i does not depend
on the unit itself. Here m_i(k) is the mean of what arm k earned of the *other* units of the version (left out as by Wu
and Gagnon-Bartsch 2018), together with what earlier versions say, which counts as many units as it rests on, and with
one unit of the other units' mean residual:

    m_i(k) = ((1 + n) (past(k) + level_i) + sum of Y of the k other units) / (1 + n + k)

with n units before this version and k others of the arm in it. Without a past, m_i is the level until arms tell more.
Every m_i(k) is linear in Y_i among the units of one arm, hence sums over units follow from counts, means and squares.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.adaptive.batches import Batches

Floats: TypeAlias = NDArray[np.float64]
Booleans: TypeAlias = NDArray[np.bool_]


class ScoreSums(NamedTuple):
    """Holds sums over the units of each version and arm, shape L + (B, K); 0 in versions that are not used.

    Attributes:
        total: Of the scores.
        squares: Of the squares of pi(A) / e(A) (Y - m(A)).
    """

    total: Floats
    squares: Floats


class _Version(NamedTuple):
    """Holds one version's arms, shape L + (K,)."""

    units: Floats
    mean: Floats
    squares: Floats


class _Past(NamedTuple):
    """Holds what earlier versions say, shape L + (K,): mean effects, and the units that they rest on."""

    effect: Floats
    units: Floats


def score_sums(batches: Batches, target: Floats, used: Booleans) -> ScoreSums:
    """Returns the sums of scores.

    Args:
        batches: B policy versions of K arms.
        target: The weights pi, shape (K,).
        used: The versions to use, shape L + (B, 1); all arms with a weight have a propensity there.
    """
    total, squares = np.zeros(batches.count.shape), np.zeros(batches.count.shape)
    past = _Past(np.zeros_like(total[..., 0, :]), np.zeros_like(total[..., 0, :]))
    for place in range(batches.batch_count):
        here = used[..., place, :]
        count = np.where(here, batches.count[..., place, :], 0.0)
        version = _Version(count, batches.mean[..., place, :], batches.squares[..., place, :])
        propensity = np.where(here & (target > 0), batches.propensities[..., place, :], np.inf)
        total[..., place, :], squares[..., place, :] = _sums(version, past, target, target / propensity)
        past = _after(version, past)
    return ScoreSums(total, squares)


def _sums(version: _Version, past: _Past, target: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Returns total scores and sums of squared residuals, both by the arm that the units got.

    Predictions of the arms [k] for units that got arm [a] are `constant - slope * Y` with shape L + (K, K): [a, k].
    """
    constant, slope = _predictions(version, past)
    own_constant = np.diagonal(constant, axis1=-2, axis2=-1)
    own_slope = np.diagonal(slope, axis1=-2, axis2=-1)
    count, mean, spread = version
    predicted = constant @ target - (slope @ target) * mean
    residual = (1 + own_slope) * mean - own_constant
    total = count * (predicted + weight * residual)
    squares = np.where(count > 0, (1 + own_slope) ** 2 * spread + count * residual**2, 0.0)
    return np.where(count > 0, total, 0.0), weight**2 * squares


def _predictions(version: _Version, past: _Past) -> tuple[Floats, Floats]:
    """Returns constants and slopes of predictions, each of shape L + (K, K): for units of arm [a], of arm [k]."""
    count, mean, _ = version
    same = np.eye(count.shape[-1])
    residual_sum = (count * (mean - past.effect)).sum(axis=-1)[..., None]
    others = np.maximum(count.sum(axis=-1, keepdims=True) - 1, 1)
    # Of the other units' residuals the mean is (residual_sum - (Y - effect of the unit's own arm)) / others.
    is_alone = count.sum(axis=-1, keepdims=True) <= 1
    level_constant = np.where(is_alone, 0.0, (residual_sum + past.effect) / others)[..., :, None]
    level_slope = np.where(is_alone, 0.0, 1 / others)[..., :, None]
    before = (1 + past.units)[..., None, :]
    whole = before + np.maximum(count[..., None, :] - same, 0.0)
    constant = (before * (past.effect[..., None, :] + level_constant) + (count * mean)[..., None, :]) / whole
    slope = (before * level_slope + same) / whole
    return constant, np.broadcast_to(slope, constant.shape)


def _after(version: _Version, past: _Past) -> _Past:
    """Returns what is known after a version: effects are what remains of means without the version's mean residual."""
    count, mean, _ = version
    level = (count * (mean - past.effect)).sum(axis=-1, keepdims=True) / np.maximum(
        count.sum(axis=-1, keepdims=True), 1
    )
    seen = past.units + count
    return _Past(past.effect + count * (mean - level - past.effect) / np.maximum(seen, 1), seen)
