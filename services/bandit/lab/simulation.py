"""Runs one policy on one problem, many runs side by side: draws for all runs at once, weights run by run."""

from dataclasses import dataclass
from typing import TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from services.bandit.lab.learner import Learner, Seen
from services.bandit.lab.outcomes import Before, Drawn
from services.bandit.lab.policies import START, Policy, experiment_of
from services.bandit.lab.problems import BATCH_DURATION, Delay, Problem
from shared.definition.model import FixedSplit, MetricDirection
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


def seeds(seed: int, problem: str, chunk: int) -> tuple[np.random.Generator, np.random.Generator]:
    """Returns the chance of the truth and that of the draws, the same for all policies."""
    root = np.random.SeedSequence(seed, spawn_key=(crc32(problem.encode()), chunk))
    truth, draws = root.spawn(2)
    return np.random.default_rng(truth), np.random.default_rng(draws)


def simulate(problem: Problem, policy: Policy, *, runs: int, seed: int, chunk: int = 0) -> Trajectories:
    """Returns so many runs of a policy.

    Args:
        problem: What is played.
        policy: Who plays.
        runs: How many, 1 or more.
        seed: Of everything.
        chunk: The place of these runs among all.
    """
    truth_rng, rng = seeds(seed, problem.name, chunk)
    truth = problem.truth.means(truth_rng, runs, problem.batch_count)
    table = _Table(problem, truth)
    experiment = experiment_of(problem, policy)
    learners = [Learner(experiment, START) for _ in range(runs)]
    is_fixed = isinstance(experiment.allocation_policy.algorithm, FixedSplit)
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


class _Table:
    """Holds all batches of all runs while they are played."""

    def __init__(self, problem: Problem, truth: Floats) -> None:
        self._problem, self._truth = problem, truth
        self._weights, self._counts, self._sums, self._squares, self._known_sums, self._known_raw = (
            np.zeros_like(truth) for _ in range(6)
        )
        self._coming: dict[int, list[tuple[int, Floats]]] = {}

    def play(self, batch: int, weights: Floats, rng: np.random.Generator) -> None:
        problem, truth = self._problem, self._truth[:, batch]
        counts = rng.multinomial(problem.batch_unit_count, weights / weights.sum(axis=-1, keepdims=True))
        before = Before(self._counts[:, :batch].sum(axis=1), self._sums[:, :batch].sum(axis=1))
        drawn = problem.outcomes.draw(rng, counts, truth, before)
        self._weights[:, batch], self._counts[:, batch] = weights, counts
        self._sums[:, batch], self._squares[:, batch] = drawn
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
        return Seen(self._counts[run, :batches], self._known_sums[run, :batches], self._known_raw[run, :batches])

    def trajectories(self) -> Trajectories:
        return Trajectories(
            self._problem.direction, self._truth, self._weights, self._counts, self._sums, self._squares
        )


def _shares(delay: Delay) -> Floats:
    """Returns the shares of conversions that come 0, 1, ... batches later, the window's last batch the latest."""
    stay = delay.mean_batches / (1 + delay.mean_batches)
    shares = (1 - stay) * stay ** np.arange(delay.window_batches)
    return np.asarray(shares / shares.sum())
