"""Best-arm identification by generalised likelihood ratios, with thresholds for which error control is proved.

For the arm of the highest mean, against each other arm b:

    normal       Z_b = (mean - mean_b)^2 / (2 (s^2 / n + s_b^2 / n_b))
    Bernoulli    Z_b = n kl(mean, both) + n_b kl(mean_b, both),        both: the mean of the two samples together

The leader is declared when the smallest Z_b is above a threshold (Chernoff 1959; Garivier and Kaufmann 2016, section
3). Arms' means must not drift. The proved thresholds hold for any sampling rule and at any time, and are so careful
that with some ten thousand units and lifts of some percent they are hardly ever reached: `superiority` needs far less.
"""

import math
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from shared.errors import invalid_field
from shared.statistics.aggregates.moments import Moments
from shared.statistics.result import checks

Floats: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.intp]


class Rewards(StrEnum):
    """Says how rewards are distributed."""

    NORMAL = "NORMAL"
    BERNOULLI = "BERNOULLI"


class Evidence(NamedTuple):
    """Holds the evidence that the leading arm is the best, shape L.

    Attributes:
        leader: The arm of the highest mean.
        statistic: Its smallest Z; 0 where an arm has no units, or for NORMAL fewer than 2.
    """

    leader: Indexes
    statistic: Floats


def likelihood_ratio(arms: Moments, rewards: Rewards) -> Evidence:
    """Returns the evidence for the leading arm.

    Args:
        arms: One variable, all units of each arm together, shape L + (K,).
        rewards: NORMAL plugs in the arms' own variances, which is asymptotic; BERNOULLI is exact.

    Raises:
        InvalidArgument: INVALID_FIELD: fewer than 2 arms, more than one variable, or for BERNOULLI means beyond [0, 1].
    """
    if arms.variable_count != 1 or not arms.shape or arms.shape[-1] < 2:
        raise invalid_field("arms", "must be 2 or more, of one variable")
    count, mean = arms.count, arms.mean[..., 0]
    leader = np.where(count > 0, mean, -np.inf).argmax(axis=-1)
    at = leader[..., None]
    if rewards is Rewards.BERNOULLI:
        ratios = _bernoulli(count, checks.shares("arms", mean), at)
        is_told = (count > 0).all(axis=-1)
    else:
        ratios = _normal(count, mean, arms.covariance()[..., 0, 0], at)
        is_told = (count > 1).all(axis=-1)
    np.put_along_axis(ratios, at, np.inf, axis=-1)
    return Evidence(leader, np.where(is_told, ratios.min(axis=-1), 0.0))


def bernoulli_threshold(unit_count: ArrayLike, *, arm_count: int, delta: float) -> Floats:
    """Returns ln(2 t (K - 1) / delta), proved for Bernoulli rewards (Garivier and Kaufmann 2016, theorem 10).

    Args:
        unit_count: Units t of all arms, 1 or more.
        arm_count: K, 2 or more.
        delta: Probability of ever declaring a wrong arm, in (0, 0.5).

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    units = checks.positive("unit_count", unit_count)
    return np.log(2 * units * (_checked_arm_count(arm_count) - 1) / checks.alpha(delta, name="delta"))


def normal_threshold(unit_count: ArrayLike, *, arm_count: int, delta: float) -> Floats:
    """Returns K ln(t^2 + t) + f^{-1}(delta), f(x) = exp(K - x) (x / K)^K, proved for normal rewards of known variance.

    Lattimore and Szepesvari 2020, lemma 33.7.

    Args:
        unit_count: As for `bernoulli_threshold`.
        arm_count: As for `bernoulli_threshold`.
        delta: As for `bernoulli_threshold`.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    units, arms = checks.positive("unit_count", unit_count), _checked_arm_count(arm_count)
    log_delta = math.log(checks.alpha(delta, name="delta"))

    def excess(x: float) -> float:
        return arms - x + arms * math.log(x / arms) - log_delta

    tail = optimize.brentq(excess, arms, 4 * (arms - log_delta), xtol=1e-12, rtol=1e-14)
    return np.asarray(arms * np.log(units**2 + units) + tail)


def _normal(count: Floats, mean: Floats, variance: Floats, leader: Indexes) -> Floats:
    errors = variance / np.maximum(count, 1)
    both = errors + np.take_along_axis(errors, leader, axis=-1)
    squared = (mean - np.take_along_axis(mean, leader, axis=-1)) ** 2
    # Without any variance the smallest difference is certain.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(squared > 0, squared / (2 * both), 0.0))


def _bernoulli(count: Floats, mean: Floats, leader: Indexes) -> Floats:
    best, units = np.take_along_axis(mean, leader, axis=-1), np.take_along_axis(count, leader, axis=-1)
    both = (units * best + count * mean) / np.maximum(units + count, 1)
    return np.asarray(units * _divergence(best, both) + count * _divergence(mean, both))


def _divergence(first: Floats, second: Floats) -> Floats:
    """Returns kl(p, q) = p ln(p / q) + (1 - p) ln((1 - p) / (1 - q))."""
    return np.asarray(special.rel_entr(first, second) + special.rel_entr(1 - first, 1 - second))


def _checked_arm_count(arm_count: int) -> int:
    if arm_count < 2:
        raise invalid_field("arm_count", f"{arm_count}, must be 2 or more")
    return arm_count
