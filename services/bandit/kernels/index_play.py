"""Plays an index rule ahead: whom it would give the next units, the means staying what they are.

Desautels, Krause and Burdick 2014, "Parallelizing exploration-exploitation tradeoffs": in a batch, counts grow with
every unit given and means stay, which spreads a batch over arms. One unit ahead it is the rule itself.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.kernels.arguments import vector
from shared.kernels.jit import jit

Floats = NDArray[np.float64]

STEPS: Final = 256
"""Units are given in this many steps at most."""

_ITERATIONS: Final = 60
_CLOSE: Final = 1e-13


def play_normal(means: Floats, counts: Floats, scale: float, c: float, units: int) -> Floats:
    """Returns the shares that arms get of the next units, shape (n_arms,), by scale x sqrt((ln t + c ln ln t) / n).

    Arms without units come first; of equals the one with the fewest units, then the first.

    Args:
        means: Higher is better, shape (n_arms,).
        counts: Units, 0 or more, shape (n_arms,).
        scale: Of the bound, 0 or more.
        c: 0 or more.
        units: How many are given, 1 or more.

    Raises:
        ValueError: A shape or dtype is wrong.
    """
    return _played(means, counts, scale, c, units, bernoulli=False)


def play_bernoulli(means: Floats, counts: Floats, c: float, units: int) -> Floats:
    """Returns the same by the largest q with n kl(mean, q) <= ln t + c ln ln t; means in [0, 1]."""
    return _played(means, counts, 1.0, c, units, bernoulli=True)


def _played(means: Floats, counts: Floats, scale: float, c: float, units: int, *, bernoulli: bool) -> Floats:
    means, counts = vector("means", means, np.float64), vector("counts", counts, np.float64)
    if means.size == 0 or means.size != counts.size:
        raise ValueError(f"{means.size} means and {counts.size} counts must be as many, 1 or more")
    return _play(means, counts, float(scale), float(c), int(units), bernoulli)


@jit
def _play(  # noqa: PLR0917 - compiled code takes no keywords
    means: Floats,
    counts: Floats,
    scale: float,
    c: float,
    units: int,
    bernoulli: bool,  # noqa: FBT001
) -> Floats:
    played, given = counts.copy(), np.zeros(counts.size)
    steps = min(units, STEPS)
    each = units / steps
    for _ in range(steps):
        # The bound of every arm grows with the units of all.
        reach = _reach(played.sum(), c)
        best, highest = 0, -np.inf
        for arm in range(counts.size):
            index = np.inf
            if played[arm] > 0:
                limit = reach / played[arm]
                if bernoulli and _is_below(means[arm], limit, highest):
                    continue
                index = _highest_mean(means[arm], limit) if bernoulli else means[arm] + scale * math.sqrt(limit)
            if index > highest or (index == highest and played[arm] < played[best]):
                best, highest = arm, index
        played[best] += each
        given[best] += each
    return given / units


@jit
def _reach(total: float, c: float) -> float:
    """Returns ln t + c ln ln t, 0 or more."""
    if total <= 1:
        return 0.0
    logarithm = math.log(total)
    return max(logarithm + c * math.log(logarithm), 0.0) if c > 0 else logarithm


@jit
def _is_below(mean: float, limit: float, highest: float) -> bool:
    """Returns whether the index cannot reach the highest so far, which costs less than the index itself."""
    return mean < highest < 1 and _divergence(max(mean, 0.0), highest) > limit


@jit
def _highest_mean(mean: float, limit: float) -> float:
    """Returns the largest q in [mean, 1] with kl(mean, q) <= limit, by Newton's method, right to 1e-10.

    kl is convex in q, so that from a bound above the steps come down to the answer and never pass it. The bounds are
    Pinsker's, 2 (q - mean)^2 <= kl, and mean ln(mean) + (1 - mean) ln((1 - mean) / (1 - q)) <= kl.
    """
    mean = min(max(mean, 0.0), 1.0)
    if mean == 1:
        return 1.0
    least = mean * math.log(mean) if mean > 0 else 0.0
    q = min(mean + math.sqrt(limit / 2), 1 - (1 - mean) * math.exp((least - limit) / (1 - mean)))
    for _ in range(_ITERATIONS):
        if not mean < q < 1:
            return q
        step = (_divergence(mean, q) - limit) * q * (1 - q) / (q - mean)
        q -= step
        if step < _CLOSE * q:
            return max(q, mean)
    return q


@jit
def _divergence(p: float, q: float) -> float:
    """Returns the Kullback-Leibler divergence of Bernoulli distributions."""
    first = p * math.log(p / q) if p > 0 else 0.0
    if p == 1:
        return first
    return first + (1 - p) * (math.log((1 - p) / (1 - q)) if q < 1 else np.inf)
