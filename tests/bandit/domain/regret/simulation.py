"""Plays our rules unit by unit against problems, and sums up what was lost."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.learning import target_weights
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from shared.definition.model import Algorithm, Exp3, MetricKind
from tests.bandit.domain.regret.problems import Problem
from tests.bandit.domain.rewards import definition_of

Floats: TypeAlias = NDArray[np.float64]

IDS = "abcdefghij"


def ours(
    algorithm: Algorithm,
    problem: Problem,
    *,
    horizons: Sequence[int],
    runs: int,
    seed: int,
    kind: MetricKind | None = None,
) -> Floats:
    """Returns the regret of our weights, updated after every unit, shape (runs, horizons).

    Args:
        algorithm: The rule.
        problem: Whom it plays against.
        horizons: After how many units the regret is looked at, ascending.
        runs: How many independent runs there are.
        seed: Of all chance.
        kind: Of the metric; by default that of the problem's values.
    """
    kind = kind or (MetricKind.MEAN if problem.deviation else MetricKind.PROPORTION)
    return np.array(
        [_run(algorithm, problem, horizons, np.random.default_rng([seed, run]), kind) for run in range(runs)]
    )


def _run(
    algorithm: Algorithm, problem: Problem, horizons: Sequence[int], rng: np.random.Generator, kind: MetricKind
) -> list[float]:
    definition = definition_of(algorithm, IDS[: problem.arm_count], kind=kind)
    known, gaps = Known(problem.arm_count), problem.gaps
    regret, at_horizons = 0.0, []
    for step in range(1, horizons[-1] + 1):
        weights = target_weights(definition, known.statistics, known.versions if isinstance(algorithm, Exp3) else ())
        arm = int(np.searchsorted(np.cumsum(weights), rng.random() * (1 - 1e-12)))
        known.add(arm, float(problem.values(rng, np.array([arm]))[0]), float(weights[arm]))
        regret += gaps[arm]
        if step in horizons:
            at_horizons.append(regret)
    return at_horizons


class Known:
    """Is what is known of the arms after each unit."""

    def __init__(self, arm_count: int) -> None:
        self.statistics = [ArmStatistics(IDS[arm]) for arm in range(arm_count)]
        self._losses = [0.0] * arm_count
        self._units = 0

    def add(self, arm: int, value: float, propensity: float) -> None:
        """Adds one unit's value: Welford 1962, the mean from the sum, so that equal arms are equal to the last bit."""
        old = self.statistics[arm]
        count, total = old.unit_count + 1, old.value_sum + value
        mean = total / count
        deviations = old.square_deviation_sum + (value - old.mean) * (value - mean)
        self.statistics[arm] = ArmStatistics(old.arm_id, count, total, mean, deviations)
        self._losses[arm] += (1 - value) / propensity
        self._units += 1

    @property
    def versions(self) -> list[VersionStatistics]:
        """Returns one version whose losses by inverse propensity are those of all the versions, one a unit.

        EXP3 adds the versions up; ten thousand of them would be ten thousand times as slow.
        """
        share = self._units / len(self._losses)
        arms = {
            arm.arm_id: ArmStatistics(arm.arm_id, share, share - loss)
            for arm, loss in zip(self.statistics, self._losses, strict=True)
        }
        return [VersionStatistics(1, None, arms, dict.fromkeys(arms, 1.0))] if self._units else []


def standard_error(regret: Floats) -> Floats:
    """Returns that of the mean over runs."""
    return np.asarray(regret.std(axis=0, ddof=1) / np.sqrt(len(regret)))


def deviations_apart(first: Floats, second: Floats) -> Floats:
    """Returns by how many standard errors two samples of runs differ in the mean, at each horizon."""
    spread = np.hypot(standard_error(first), standard_error(second))
    return np.asarray(np.abs(first.mean(axis=0) - second.mean(axis=0)) / spread)


def slope(regret: Floats, horizons: Sequence[int]) -> tuple[float, float]:
    """Returns the slope of regret against ln t by least squares, and its standard error over runs."""
    x = np.log(np.array(horizons, dtype=np.float64))
    slopes = (regret @ (x - x.mean())) / ((x - x.mean()) ** 2).sum()
    return float(slopes.mean()), float(slopes.std(ddof=1) / np.sqrt(len(slopes)))
