"""Runs one policy on one problem, many runs side by side: draws for all runs at once, weights run by run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.statistics import ArmStatistics
from services.bandit.lab.learner import Learner, Seen
from services.bandit.lab.outcomes import Before, Drawn
from services.bandit.lab.policies import START, Policy, experiment_of
from services.bandit.lab.problems import BATCH_DURATION, Delay, Problem
from shared.definition.model import Experiment, FixedSplit, MetricDirection
from shared.statistics.adaptive.batches import Batches
from shared.statistics.aggregates.moments import Moments

Floats: TypeAlias = NDArray[np.float64]

CHUNK_RUNS = 25
"""Runs of one task; a run's chance depends on the seed, the problem and its place alone."""


@dataclass(frozen=True, slots=True)
class Trajectories:
    """Holds what happened in R runs of B batches with K arms.

    Attributes:
        direction: Which way of the values is good.
        truth: The arms' true means, shape (R, B, K).
        weights: Those that were served, shape (R, B, K).
        counts: Units, shape (R, B, K).
        sums: Of their values, all outcomes in, shape (R, B, K).
        squares: Squared deviations from the mean of the arm in the batch, shape (R, B, K).
    """

    direction: MetricDirection
    truth: Floats
    weights: Floats
    counts: Floats
    sums: Floats
    squares: Floats

    @property
    def sign(self) -> float:
        """Returns 1 where large values are good, -1 where small ones are."""
        return 1.0 if self.direction is MetricDirection.MAXIMIZE else -1.0

    @property
    def earned(self) -> Floats:
        """Returns sums of true means over the units of each batch, shape (R, B)."""
        return np.asarray((self.counts * self.truth).sum(axis=2))

    @property
    def equal(self) -> Floats:
        """Returns the same of an equal split of the same units, shape (R, B)."""
        return np.asarray(self.counts.sum(axis=2) * self.truth.mean(axis=2))

    @property
    def best(self) -> Floats:
        """Returns the same of an oracle that plays the best arm of each batch, shape (R, B)."""
        return np.asarray(self.counts.sum(axis=2) * self.sign * (self.sign * self.truth).max(axis=2))

    @property
    def lost(self) -> Floats:
        """Returns what was lost against that oracle, 0 or more, shape (R, B)."""
        good = self.sign * self.truth
        return np.asarray((self.counts * (good.max(axis=2, keepdims=True) - good)).sum(axis=2))

    def batches(self) -> Batches:
        """Returns the runs as the statistics engine takes them, signed so that the largest mean is the best."""
        means = self.sign * self.sums / np.maximum(self.counts, 1)
        return Batches.of(Moments.of_values(self.counts, means, self.squares), self.weights)


def joined(parts: list[Trajectories]) -> Trajectories:
    """Returns the runs of all parts, in their order."""
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("truth", "weights", "counts", "sums", "squares")
    }
    return Trajectories(parts[0].direction, **arrays)


class Chance(NamedTuple):
    """Holds sources of chance, the same for all policies: of the truth, the draws, and the earlier experiment."""

    truth: np.random.Generator
    draws: np.random.Generator
    earlier: np.random.Generator


def chance(seed: int, problem: str, chunk: int) -> Chance:
    """Returns the chance of so many runs of a problem."""
    root = np.random.SeedSequence(seed, spawn_key=(crc32(problem.encode()), chunk))
    return Chance(*map(np.random.default_rng, root.spawn(3)))


def simulate(problem: Problem, policy: Policy, *, runs: int, seed: int, chunk: int = 0) -> Trajectories:
    """Returns so many runs of a policy.

    Args:
        problem: What is played.
        policy: Who plays.
        runs: How many, 1 or more.
        seed: Of everything.
        chunk: The place of these runs among all.
    """
    truth_rng, rng, earlier_rng = chance(seed, problem.name, chunk)
    truth = problem.truth.means(truth_rng, runs, problem.batch_count)
    table = _Table(problem, truth)
    experiment = experiment_of(problem, policy)
    learners = [Learner(experiment, START, earlier) for earlier in _earlier(problem, experiment, runs, earlier_rng)]
    is_fixed = isinstance(experiment.allocation_policy.algorithm, FixedSplit) and not problem.harm_rates
    serving = np.array([learner.weights for learner in learners])
    for batch in range(problem.batch_count):
        table.play(batch, serving, rng)
        if is_fixed or batch + 1 == problem.batch_count:
            continue
        now = START + (batch + 1) * BATCH_DURATION
        for run, learner in enumerate(learners):
            learner.learn(table.seen(run, batch + 1), now)
            serving[run] = learner.weights
    return table.trajectories()


def _earlier(
    problem: Problem, experiment: Experiment, runs: int, rng: np.random.Generator
) -> Sequence[Mapping[str, ArmStatistics]]:
    """Returns what the earlier experiment of each run knew of the arms; nothing where there was none."""
    if problem.earlier is None:
        return [{} for _ in range(runs)]
    count = problem.earlier.arm_unit_count
    successes = rng.binomial(count, problem.earlier.rates, (runs, len(experiment.arms))).tolist()
    return [
        {
            arm.arm_id: _of_successes(arm.arm_id, count, number)
            for arm, number in zip(experiment.arms, found, strict=True)
        }
        for found in successes
    ]


def _of_successes(arm_id: str, count: int, successes: float) -> ArmStatistics:
    return ArmStatistics(arm_id, count, successes, successes / count, successes * (1 - successes / count))


class _Table:
    """Holds all batches of all runs while they are played."""

    def __init__(self, problem: Problem, truth: Floats) -> None:
        self._problem, self._truth = problem, truth
        self._weights, self._counts, self._sums, self._squares, self._known_sums, self._known_raw = (
            np.zeros_like(truth) for _ in range(6)
        )
        self._harms = np.zeros_like(truth) if problem.harm_rates else None
        self._coming: dict[int, list[tuple[int, Floats]]] = {}

    def play(self, batch: int, weights: Floats, rng: np.random.Generator) -> None:
        problem, truth = self._problem, self._truth[:, batch]
        counts = rng.multinomial(problem.batch_unit_count, weights / weights.sum(axis=-1, keepdims=True))
        before = Before(self._counts[:, :batch].sum(axis=1), self._sums[:, :batch].sum(axis=1))
        drawn = problem.outcomes.draw(rng, counts, truth, before)
        self._weights[:, batch], self._counts[:, batch] = weights, counts
        self._sums[:, batch], self._squares[:, batch] = drawn
        if self._harms is not None:
            self._harms[:, batch] = rng.binomial(counts, problem.harm_rates)
        if problem.delay is None:
            self._known_sums[:, batch] = drawn.sums
            self._known_raw[:, batch] = drawn.squares + drawn.sums**2 / np.maximum(counts, 1)
        else:
            self._wait(batch, drawn, problem.delay, rng)

    def _wait(self, batch: int, drawn: Drawn, delay: Delay, rng: np.random.Generator) -> None:
        """Lets the batch's conversions come when they come, then takes in what comes now."""
        for late, arrivals in enumerate(
            np.moveaxis(rng.multinomial(drawn.sums.astype(np.int64), _shares(delay)), -1, 0)
        ):
            self._coming.setdefault(batch + late, []).append((batch, arrivals.astype(np.float64)))
        for origin, arrivals in self._coming.pop(batch):
            self._known_sums[:, origin] += arrivals
        # A success is 1, so that the sum of squares is the sum.
        self._known_raw[:, : batch + 1] = self._known_sums[:, : batch + 1]

    def seen(self, run: int, batches: int) -> Seen:
        counts, sums, raw = (part[run, :batches] for part in (self._counts, self._known_sums, self._known_raw))
        return Seen(counts, sums, raw, None if self._harms is None else self._harms[run, :batches])

    def trajectories(self) -> Trajectories:
        return Trajectories(
            self._problem.direction, self._truth, self._weights, self._counts, self._sums, self._squares
        )


def _shares(delay: Delay) -> Floats:
    """Returns the shares of conversions that come 0, 1, ... batches later, the window's last batch the latest."""
    stay = delay.mean_batches / (1 + delay.mean_batches)
    shares = (1 - stay) * stay ** np.arange(delay.window_batches)
    return np.asarray(shares / shares.sum())
