"""Slow and obvious: the weighted AIPW contrast from single units, with plug-ins that leave each unit out by hand."""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.adaptive.batches import Batches
from shared.statistics.aggregates.moments import Moments

Floats: TypeAlias = NDArray[np.float64]


class Units(NamedTuple):
    """Holds the units of a batch: which arm each got and its outcome; and the arms' propensities."""

    arms: NDArray[np.int64]
    outcomes: Floats
    propensities: Floats


class Answer(NamedTuple):
    """Holds a weighted difference, its standard error and both arms' means."""

    difference: float
    standard_error: float
    treatment: float
    control: float


def batches_of(history: list[Units]) -> Batches:
    """Returns the same data as sufficient statistics."""
    arms = len(history[0].propensities)
    samples = [[units.outcomes[units.arms == arm] for arm in range(arms)] for units in history]
    count = [[len(sample) for sample in row] for row in samples]
    mean = [[sample.mean() if len(sample) else 0.0 for sample in row] for row in samples]
    squares = [[((sample - sample.mean()) ** 2).sum() if len(sample) else 0.0 for sample in row] for row in samples]
    return Batches.of(Moments.of_values(count, mean, squares), np.array([units.propensities for units in history]))


def drawn(rng: np.random.Generator, batch_count: int, arm_count: int, *, most_units: int = 40) -> list[Units]:
    """Returns batches of 2 units or more with propensities of their own and skewed outcomes."""
    history = []
    for _ in range(batch_count):
        propensities = rng.dirichlet(np.ones(arm_count))
        size = int(rng.integers(2, most_units))
        arms = rng.choice(arm_count, size, p=propensities)
        history.append(Units(arms, rng.gamma(2.0, 1.0 + arms), propensities))
    return history


def contrast(history: list[Units], treatment: int, control: int) -> Answer:
    """Returns the contrast-level AW-AIPW answer, unit by unit."""
    pair = (treatment, control)
    weights: list[float] = []
    scores: dict[int, list[float]] = {treatment: [], control: []}
    reached: list[tuple[int, float]] = []
    deviations: list[tuple[int, float]] = []
    past = _Past(len(history[0].propensities))
    for units in history:
        residuals = units.outcomes - past.effect[units.arms]
        h = 1 / np.sqrt(sum(1 / units.propensities[arm] for arm in pair))
        for unit, (arm, outcome) in enumerate(zip(units.arms, units.outcomes, strict=True)):
            level = np.delete(residuals, unit).mean()
            weights.append(h)
            for one in pair:
                plug_in = past.effect[one] + level
                correction = (outcome - plug_in) / units.propensities[one] if arm == one else 0.0
                scores[one].append(plug_in + correction)
            own = outcome - past.effect[arm] - level
            deviations.append((arm, own))
            reached.append((arm, h / units.propensities[arm]))
        past.learn(units, residuals.mean())
    whole = sum(weights)
    means = {arm: float(np.dot(weights, scores[arm]) / whole) for arm in pair}
    variance = sum(_variance(arm, deviations, reached) for arm in pair) / whole**2
    return Answer(means[treatment] - means[control], float(np.sqrt(variance)), means[treatment], means[control])


class _Past:
    """Keeps each arm's mean outcome beyond its batches' levels."""

    def __init__(self, arm_count: int) -> None:
        self.effect = np.zeros(arm_count)
        self.beyond: list[list[float]] = [[] for _ in range(arm_count)]

    def learn(self, units: Units, level: float) -> None:
        for arm, outcome in zip(units.arms, units.outcomes, strict=True):
            self.beyond[arm].append(outcome - level)
        self.effect = np.array([np.mean(values) if values else 0.0 for values in self.beyond])


def _variance(arm: int, deviations: list[tuple[int, float]], reached: list[tuple[int, float]]) -> float:
    """Returns the sum of h^2 (Y - m)^2 / e^2 over an arm's units, with at least the variance of all units."""
    own = np.array([deviation for one, deviation in deviations if one == arm])
    reach = np.array([weight for one, weight in reached if one == arm])
    pooled = np.mean([deviation**2 for _, deviation in deviations])
    lack = max(0.0, pooled - np.mean(own**2))
    return float((reach**2 * (own**2 + lack)).sum())
