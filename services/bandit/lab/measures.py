"""What runs show: gains, regret, choices; means over runs with their intervals.

Gains and regret are counted with the arms' true means, so that chance enters by the allocation only.
"""

import math
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from services.bandit.lab.simulation import Trajectories

Floats: TypeAlias = NDArray[np.float64]
Booleans: TypeAlias = NDArray[np.bool_]

CONFIDENCE: Final = 0.95
_TIES: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Estimate:
    """Is a mean or share with its 95 % interval; NaN where it cannot be told."""

    value: float
    low: float
    high: float


def mean(values: ArrayLike) -> Estimate:
    """Returns the mean of independent values with Student's interval (Student 1908); one value has no interval."""
    numbers = np.asarray(values, dtype=np.float64)
    count = numbers.size
    if count == 0:
        return Estimate(math.nan, math.nan, math.nan)
    centre = float(numbers.mean())
    if count == 1:
        return Estimate(centre, math.nan, math.nan)
    reach = float(special.stdtrit(count - 1, (1 + CONFIDENCE) / 2) * numbers.std(ddof=1) / math.sqrt(count))
    return Estimate(centre, centre - reach, centre + reach)


def share(hits: ArrayLike) -> Estimate:
    """Returns a share with the interval of Clopper and Pearson 1934."""
    flags = np.asarray(hits, dtype=np.bool_)
    count, number = int(flags.sum()), flags.size
    if number == 0:
        return Estimate(math.nan, math.nan, math.nan)
    tail = (1 - CONFIDENCE) / 2
    low = float(special.betaincinv(count, number - count + 1, tail)) if count else 0.0
    high = float(special.betaincinv(count + 1, number - count, 1 - tail)) if count < number else 1.0
    return Estimate(count / number, low, high)


class Earnings(Protocol):
    """Holds what was earned in R runs of B batches, in sums of true means over units, each of shape (R, B)."""

    @property
    def sign(self) -> float:
        """Returns 1 where large values are good, -1 where small ones are."""

    @property
    def earned(self) -> Floats:
        """Returns what the arms earned that were given."""

    @property
    def equal(self) -> Floats:
        """Returns what an equal split would have earned."""

    @property
    def best(self) -> Floats:
        """Returns what an oracle would have earned."""

    @property
    def lost(self) -> Floats:
        """Returns what was lost against the oracle, 0 or more."""


def gains(runs: Earnings) -> Floats:
    """Returns by what share the sum of values is better than an equal split's, in the good direction, shape (R,)."""
    return over_equal(runs, runs.earned)


def ceilings(runs: Earnings) -> Floats:
    """Returns the gain of an oracle that plays the best arm of every batch, or unit, shape (R,)."""
    return over_equal(runs, runs.best)


def over_equal(runs: Earnings, values: Floats) -> Floats:
    """Returns by what share sums of values, shape (R, B), are better than an equal split's, shape (R,)."""
    return np.asarray(runs.sign * (values.sum(axis=1) / runs.equal.sum(axis=1) - 1))


def regret(runs: Earnings) -> Floats:
    """Returns what was lost against the oracle until each batch, in the metric's unit, shape (R, B)."""
    return np.asarray(runs.lost.cumsum(axis=1))


def picked_best(runs: Trajectories) -> Booleans:
    """Returns whether the arm of the best observed mean is, at the end, one of the truly best, shape (R,)."""
    counts, sums = runs.counts.sum(axis=1), runs.sums.sum(axis=1)
    observed = np.where(counts > 0, runs.sign * sums / np.maximum(counts, 1), -np.inf)
    last = runs.sign * runs.truth[:, -1]
    chosen = np.take_along_axis(last, observed.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.asarray(chosen >= last.max(axis=1) - _TIES)


def worst_shares(runs: Trajectories) -> Floats:
    """Returns the share of units that got an arm that was truly worst in their batch, shape (R,)."""
    good = runs.sign * runs.truth
    is_worst = good <= good.min(axis=2, keepdims=True) + _TIES
    return np.asarray((runs.counts * is_worst).sum(axis=(1, 2)) / runs.counts.sum(axis=(1, 2)))
