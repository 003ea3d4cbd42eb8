"""Runs one policy on one problem in which units differ: unit by unit, run by run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.bandit.lab.context_learner import ContextLearner
from services.bandit.lab.context_problems import ContextProblem
from services.bandit.lab.context_truths import Units
from services.bandit.lab.policies import START, Policy, context_experiment_of
from services.bandit.lab.problems import BATCH_DURATION
from services.bandit.lab.simulation import chance
from shared.definition.model import Experiment

Floats: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.int64]

CONTEXT_CHUNK_RUNS = 5
"""Runs of one task; a run's chance depends on the seed, the problem and its place alone."""


@dataclass(frozen=True, slots=True)
class ContextRuns:
    """Holds what happened in R runs of B batches, in sums of true means over the units of a batch, shape (R, B).

    Attributes:
        earned: Of the arms that were given.
        equal: Of an equal split of the same units.
        best: Of an oracle that gives each unit its best arm.
        best_single: Of an oracle that gives all units of a run the arm that is best for them together.
        lost: By the arms that were given against each unit's best arm.
    """

    earned: Floats
    equal: Floats
    best: Floats
    best_single: Floats
    lost: Floats

    @property
    def sign(self) -> float:
        """Returns 1, as large values are good."""
        return 1.0


def joined_in_context(parts: Sequence[ContextRuns]) -> ContextRuns:
    """Returns the runs of all parts, in their order."""
    names = ("earned", "equal", "best", "best_single", "lost")
    return ContextRuns(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def simulate_in_context(
    problem: ContextProblem, policy: Policy, *, runs: int, seed: int, chunk: int = 0
) -> ContextRuns:
    """Returns so many runs of a policy; all policies meet the same arms and units.

    Args:
        problem: What is played.
        policy: Who plays.
        runs: How many, 1 or more.
        seed: Of everything.
        chunk: The place of these runs among all.
    """
    source = chance(seed, problem.name, chunk)
    experiment = context_experiment_of(problem, policy)
    parts = []
    for _ in range(runs):
        units = problem.truth.units(source.truth, problem.batch_unit_count * problem.batch_count)
        arms = _played(problem, experiment, units, source.draws)
        parts.append(_counted(units.means, arms, problem.batch_count))
    return joined_in_context(parts)


def _played(problem: ContextProblem, experiment: Experiment, units: Units, rng: np.random.Generator) -> Indexes:
    """Returns the arm of each unit."""
    learner = ContextLearner(experiment, START)
    arms, values = np.zeros(len(units.means), np.int64), np.zeros(len(units.means))
    for batch in range(problem.batch_count):
        start, end = (place * problem.batch_unit_count for place in (batch, batch + 1))
        rows = slice(start, end)
        arms[rows] = drawn_by(learner.weights(units.contexts[rows]), rng)
        values[rows] = problem.truth.values(rng, units.means[np.arange(start, end), arms[rows]])
        if batch + 1 < problem.batch_count:
            now = START + (batch + 1) * BATCH_DURATION
            learner.learn(units.contexts[:end], arms[:end], values[:end], now)
    return arms


def drawn_by(weights: Floats, rng: np.random.Generator) -> Indexes:
    """Returns one arm for each row of weights (n, K), with those chances."""
    places = rng.random((len(weights), 1)) * weights.sum(axis=1, keepdims=True)
    passed = (places >= weights.cumsum(axis=1)).sum(axis=1)
    return np.asarray(np.minimum(passed, weights.shape[1] - 1), np.int64)


def _counted(means: Floats, arms: Indexes, batches: int) -> ContextRuns:
    given, best = means[np.arange(arms.size), arms], means.max(axis=1)
    single = means[:, means.sum(axis=0).argmax()]
    columns = (given, means.mean(axis=1), best, single, best - given)
    return ContextRuns(*(column.reshape(1, batches, -1).sum(axis=2) for column in columns))
