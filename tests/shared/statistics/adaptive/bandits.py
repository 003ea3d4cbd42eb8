"""Simulates bandits that learn from batches, all repetitions side by side: Thompson sampling with a floor."""

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from shared.statistics.adaptive.batches import Batches
from shared.statistics.aggregates.moments import Moments
from tests.shared.statistics.simulation import Rate

Floats: TypeAlias = NDArray[np.float64]

WEEK: Final = 7
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(24)


class Rewards(Enum):
    """Says how rewards vary around an arm's mean; skewed ones are standardised and then scaled."""

    NORMAL = "NORMAL"
    BERNOULLI = "BERNOULLI"
    EXPONENTIAL = "EXPONENTIAL"
    LOGNORMAL = "LOGNORMAL"


@dataclass(frozen=True)
class Scenario:
    """Describes a bandit and its world.

    Attributes:
        means: Of the arms.
        floor: Least propensity of an arm.
        deviations: Standard deviations of the arms; not for BERNOULLI.
        drift: What all arms have in common moves as a sine of this amplitude, with a period of 7 batches.
        is_top_two: Whether half of the units go to an arm that is not the leader (Russo 2020).
        late_arm_from: The batch from which the last arm takes part.
    """

    means: tuple[float, ...]
    batch_count: int
    batch_size: int
    floor: float
    deviations: tuple[float, ...] = ()
    rewards: Rewards = Rewards.NORMAL
    drift: float = 0.0
    is_top_two: bool = False
    late_arm_from: int = 0

    @property
    def effect(self) -> float:
        """Returns the second arm's mean minus the first one's."""
        return self.means[1] - self.means[0]

    @property
    def unit_count(self) -> int:
        """Returns the units of one repetition."""
        return self.batch_count * self.batch_size


@cache
def simulate(scenario: Scenario, repetitions: int, seed: int) -> Batches:
    """Returns what the bandit left behind, shape (repetitions,) + (B, K)."""
    rng = np.random.default_rng(seed)
    shape = (repetitions, scenario.batch_count, len(scenario.means))
    count, mean, squares, propensities = (np.zeros(shape) for _ in range(4))
    sums = np.zeros((3, repetitions, len(scenario.means)))
    for batch in range(scenario.batch_count):
        shares = _propensities(scenario, batch, sums)
        units = rng.multinomial(scenario.batch_size, shares)
        found, spread = _outcomes(scenario, batch, units, rng)
        propensities[:, batch], count[:, batch], mean[:, batch], squares[:, batch] = shares, units, found, spread
        sums += np.stack([units, units * found, spread + units * found**2])
    return Batches.of(Moments.of_values(count, mean, squares), propensities)


def coverage(low: Floats, high: Floats, truth: float | Floats) -> Rate:
    """Returns how often intervals hold the truth."""
    return Rate(int(((low <= truth) & (truth <= high)).sum()), low.size)


def is_no_wider(low: Floats, high: Floats, published: float) -> bool:
    """Says whether nothing speaks against a mean width of the published one, itself a mean of 4000 and rounded."""
    width = high - low
    error = width.std() * np.sqrt(1 / width.size + 1 / 4000)
    return bool(width.mean() <= published + 0.0005 + 3.29 * error)


def pooled(batches: Batches) -> Moments:
    """Returns the moments of each arm over all batches, as if nothing had been adaptive."""
    count = batches.count.sum(axis=-2)
    mean = (batches.count * batches.mean).sum(axis=-2) / np.maximum(count, 1)
    between = (batches.count * (batches.mean - mean[..., None, :]) ** 2).sum(axis=-2)
    return Moments.of_values(count, mean, batches.squares.sum(axis=-2) + between)


def best_arm_chances(units: Floats, total: Floats, square_sum: Floats) -> Floats:
    """Returns each arm's chance of being best, with normal beliefs around the plain means.

    An arm without units joins at the first one's mean, with the variance of one unit.
    """
    middle = total / np.maximum(units, 1)
    spread = square_sum - units * middle**2
    variance = np.maximum(spread.sum(axis=1) / np.maximum(units.sum(axis=1), 1), 1e-12)[:, None]
    own = np.where(units > 1, np.maximum(spread / np.maximum(units, 1), 1e-12), variance)
    error = np.sqrt(own / np.maximum(units, 1))
    middle = np.where(units > 0, middle, middle[:, :1])
    draws = middle[..., None] + error[..., None] * _NODES
    below = special.ndtr((draws[:, :, None] - middle[:, None, :, None]) / error[:, None, :, None])
    itself = np.arange(error.shape[1])
    below[:, itself, itself] = 1.0
    chances = below.prod(axis=2) @ _NODE_WEIGHTS
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def _propensities(scenario: Scenario, batch: int, sums: Floats) -> Floats:
    """Returns the next propensities; sums are those of units, outcomes and their squares so far."""
    live = np.ones(len(scenario.means), dtype=bool)
    live[-1] = batch >= scenario.late_arm_from
    arms = int(live.sum())
    shares = np.zeros(sums.shape[1:])
    shares[:, live] = 1 / arms
    if batch > 0:
        chances = best_arm_chances(*sums[:, :, live])
        chances = _top_two(chances) if scenario.is_top_two else chances
        shares[:, live] = scenario.floor + (1 - arms * scenario.floor) * chances
    return shares


def _top_two(chances: Floats) -> Floats:
    odds = chances / np.maximum(1 - chances, 1e-12)
    second = chances * (odds.sum(axis=1, keepdims=True) - odds)
    mixed = (chances + second) / 2
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True))


def _outcomes(
    scenario: Scenario, batch: int, units: NDArray[np.int64], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Returns means and squared deviations of the batch, 0 where an arm has no units."""
    centre = np.array(scenario.means) + scenario.drift * np.sin(2 * np.pi * batch / WEEK)
    deviation = np.array(scenario.deviations or (1.0,) * len(scenario.means))
    if scenario.rewards is Rewards.BERNOULLI:
        rate = rng.binomial(units, np.broadcast_to(centre, units.shape)) / np.maximum(units, 1)
        return rate, units * rate * (1 - rate)
    if scenario.rewards is Rewards.NORMAL:
        error = rng.standard_normal(units.shape) / np.sqrt(np.maximum(units, 1))
        squares = 2 * rng.standard_gamma(np.maximum(units - 1, 0) / 2)
    else:
        error, squares = _skewed(scenario.rewards, units, rng)
    return np.where(units > 0, centre + deviation * error, 0.0), deviation**2 * squares


def _skewed(rewards: Rewards, units: NDArray[np.int64], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Returns means and squared deviations of standardised values, drawn one by one and cut into arms."""
    size = (len(units), int(units[0].sum()))
    if rewards is Rewards.EXPONENTIAL:
        values = rng.standard_exponential(size) - 1
    else:
        values = (np.exp(rng.standard_normal(size)) - np.exp(0.5)) / np.sqrt((np.e - 1) * np.e)
    last = units.cumsum(axis=1)
    sums, squares = (_between(np.cumsum(powers, axis=1), last - units, last) for powers in (values, values**2))
    mean = sums / np.maximum(units, 1)
    return mean, np.maximum(squares - units * mean**2, 0.0)


def _between(cumulated: Floats, first: NDArray[np.int64], last: NDArray[np.int64]) -> Floats:
    whole = np.concatenate([np.zeros((len(cumulated), 1)), cumulated], axis=1)
    return np.asarray(np.take_along_axis(whole, last, axis=1) - np.take_along_axis(whole, first, axis=1))
