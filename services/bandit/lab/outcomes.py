"""What units do: draws the values of a batch, for many runs at once, as sums and squared deviations of each arm."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]


class Drawn(NamedTuple):
    """Holds what a batch gave, shape (runs, arms): sums, and squared deviations from the arm's mean in the batch."""

    sums: Floats
    squares: Floats


class Outcomes(Protocol):
    """Draws values; `means` are the arms' true ones, shape (runs, arms)."""

    def draw(self, rng: np.random.Generator, counts: Counts, means: Floats, before: "Before") -> Drawn:
        """Returns the values of so many units of each arm, counts of shape (runs, arms)."""

    def variances(self, means: Floats) -> Floats:
        """Returns the variance of one unit's value, same shape as the means."""


class Before(NamedTuple):
    """Holds units and sums of all earlier batches, shape (runs, arms)."""

    counts: Floats
    sums: Floats


def of_successes(counts: NDArray[np.number], successes: Floats) -> Drawn:
    """Returns sums and squared deviations of values that are 1 or 0."""
    return Drawn(successes, successes * (1 - successes / np.maximum(counts, 1)))


@dataclass(frozen=True, slots=True)
class Conversions:
    """Is whether a unit converted."""

    def draw(self, rng: np.random.Generator, counts: Counts, means: Floats, before: Before) -> Drawn:  # noqa: ARG002
        """Returns successes of Bernoulli draws."""
        return of_successes(counts, rng.binomial(counts, means).astype(np.float64))

    def variances(self, means: Floats) -> Floats:
        """Returns p (1 - p)."""
        return means * (1 - means)


@dataclass(frozen=True, slots=True)
class People:
    """Is what real people did, each drawn once; when an arm's people are used up, they come again at random.

    Attributes:
        converted: Of each arm's people, those who converted.
        people: How many there are of each arm.
    """

    converted: tuple[int, ...]
    people: tuple[int, ...]

    def draw(self, rng: np.random.Generator, counts: Counts, means: Floats, before: Before) -> Drawn:
        """Returns successes, drawn without replacement as long as that is possible."""
        good_left = np.maximum(np.array(self.converted) - before.sums, 0).astype(np.int64)
        bad_left = np.maximum(np.array(self.people) - self.converted - before.counts + before.sums, 0).astype(np.int64)
        once = np.minimum(counts, good_left + bad_left)
        successes = rng.hypergeometric(good_left, bad_left, once) + rng.binomial(counts - once, means)
        return of_successes(counts, successes.astype(np.float64))

    def variances(self, means: Floats) -> Floats:
        """Returns p (1 - p)."""
        return means * (1 - means)


@dataclass(frozen=True, slots=True)
class Normals:
    """Is a normal value with one standard deviation for all arms."""

    deviation: float

    def draw(self, rng: np.random.Generator, counts: Counts, means: Floats, before: Before) -> Drawn:  # noqa: ARG002
        """Returns sums and squares by their own distributions, which are independent: normal and chi-squared."""
        sums = rng.normal(counts * means, self.deviation * np.sqrt(counts))
        freedom = np.maximum(counts - 1, 0)
        squares = self.deviation**2 * rng.chisquare(np.maximum(freedom, 1)) * (freedom > 0)
        return Drawn(sums, squares)

    def variances(self, means: Floats) -> Floats:
        """Returns the squared deviation."""
        return np.full_like(means, self.deviation**2)


@dataclass(frozen=True, slots=True)
class Poissons:
    """Is a number of events."""

    def draw(self, rng: np.random.Generator, counts: Counts, means: Floats, before: Before) -> Drawn:  # noqa: ARG002
        """Returns sums of Poisson draws."""
        return _summed(counts, rng.poisson(np.repeat(means.ravel(), counts.ravel())).astype(np.float64))

    def variances(self, means: Floats) -> Floats:
        """Returns the means."""
        return means


@dataclass(frozen=True, slots=True)
class Revenue:
    """Is money: 0 without a purchase, otherwise a lognormal amount that is the same for all arms.

    Attributes:
        log_mean: Mean of the amount's logarithm.
        log_deviation: Standard deviation of the amount's logarithm.
    """

    log_mean: float
    log_deviation: float

    @property
    def amount(self) -> float:
        """Returns the mean amount of a purchase."""
        return math.exp(self.log_mean + self.log_deviation**2 / 2)

    def draw(self, rng: np.random.Generator, counts: Counts, means: Floats, before: Before) -> Drawn:  # noqa: ARG002
        """Returns sums of amounts; arms differ in how many units buy."""
        buyers = rng.binomial(counts, means / self.amount)
        amounts = rng.lognormal(self.log_mean, self.log_deviation, int(buyers.sum()))
        found = _summed(buyers, amounts)
        share = np.where(buyers > 0, found.sums**2 / np.maximum(buyers, 1), 0.0)
        return Drawn(found.sums, found.squares + share - found.sums**2 / np.maximum(counts, 1))

    def variances(self, means: Floats) -> Floats:
        """Returns p E[a^2] - (p E[a])^2."""
        return means * self.amount * math.exp(self.log_deviation**2) - means**2


def _summed(counts: Counts, values: Floats) -> Drawn:
    """Returns sums and squared deviations of values that lie arm by arm, run by run."""
    cells = np.repeat(np.arange(counts.size), counts.ravel())
    sums = np.asarray(np.bincount(cells, values, counts.size), dtype=np.float64)
    means = sums / np.maximum(counts.ravel(), 1)
    squares = np.asarray(np.bincount(cells, (values - means[cells]) ** 2, counts.size), dtype=np.float64)
    return Drawn(sums.reshape(counts.shape), squares.reshape(counts.shape))
