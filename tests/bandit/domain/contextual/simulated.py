"""Simulated contextual problems, and the loop in which a policy plays them batch by batch."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from services.bandit.domain.contextual.fitting import fit
from services.bandit.domain.contextual.score_model import ScoreModel, shares_of_many
from services.bandit.domain.contextual.trials import Trials
from shared.definition.allocation import ContextualAlgorithm
from shared.definition.model import MetricKind

Floats: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Problem:
    """Has values of mean theta_a . x and some noise, or conversions with those log odds; column 0 is the intercept."""

    coefficients: Floats
    noise: float = 1.0
    logistic: bool = False

    @classmethod
    def drawn(
        cls, rng: np.random.Generator, *, arms: int = 4, features: int = 5, noise: float = 1.0, logistic: bool = False
    ) -> "Problem":
        coefficients = rng.standard_normal((arms, features)) / np.sqrt(features)
        return cls(coefficients - (np.eye(features)[0] if logistic else 0.0), noise, logistic)

    @property
    def kind(self) -> MetricKind:
        return MetricKind.PROPORTION if self.logistic else MetricKind.MEAN

    def contexts(self, count: int, rng: np.random.Generator) -> Floats:
        contexts = rng.standard_normal((count, self.coefficients.shape[1]))
        contexts[:, 0] = 1
        return contexts

    def means(self, contexts: Floats) -> Floats:
        """Returns the expected value of each arm, shape (n, K)."""
        products = contexts @ self.coefficients.T
        return np.asarray(special.expit(products)) if self.logistic else products

    def values(self, contexts: Floats, arms: Indexes, rng: np.random.Generator) -> Floats:
        means = self.means(contexts)[np.arange(arms.size), arms]
        if self.logistic:
            return (rng.random(arms.size) < means).astype(np.float64)
        return np.asarray(means + self.noise * rng.standard_normal(arms.size))

    def trials(self, count: int, rng: np.random.Generator) -> Trials:
        """Returns trials whose arms are drawn evenly."""
        contexts = self.contexts(count, rng)
        arms = rng.integers(self.coefficients.shape[0], size=count)
        return Trials(contexts, arms, self.values(contexts, arms, rng))


class Policy(Protocol):
    def learn(self, trials: Trials) -> None: ...

    def choose(self, contexts: Floats, rng: np.random.Generator) -> Indexes: ...


class Fitted:
    """Is one of our algorithms: fitted after each batch, arms drawn by the chances that it states."""

    def __init__(self, algorithm: ContextualAlgorithm, arms: int, kind: MetricKind) -> None:
        self._algorithm, self._arms, self._kind = algorithm, arms, kind
        self._model: ScoreModel | None = None
        self._version = 0

    def learn(self, trials: Trials) -> None:
        self._version += 1
        self._model = fit(self._algorithm, trials, self._arms, minimize=False, kind=self._kind, seed=self._version)

    def choose(self, contexts: Floats, rng: np.random.Generator) -> Indexes:
        assert self._model is not None
        return drawn_by(shares_of_many(self._model, contexts), rng)


class Uniform:
    def __init__(self, arms: int) -> None:
        self._arms = arms

    def learn(self, trials: Trials) -> None:
        pass

    def choose(self, contexts: Floats, rng: np.random.Generator) -> Indexes:
        return rng.integers(np.full(contexts.shape[0], self._arms))


def drawn_by(shares: Floats, rng: np.random.Generator) -> Indexes:
    """Returns one arm for each row of shares."""
    places = rng.random((shares.shape[0], 1)) * shares.sum(axis=1, keepdims=True)
    passed: Indexes = np.sum(places >= shares.cumsum(axis=1), axis=1, dtype=np.int64)
    return np.asarray(np.minimum(passed, shares.shape[1] - 1))


def regret(policy: Policy, problem: Problem, *, steps: int, batch: int, seed: int) -> float:
    """Returns what the policy earns less in expectation than who knows the coefficients, over all steps."""
    world, chance = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    contexts = problem.contexts(steps, world)
    arms, values, lost = np.zeros(steps, np.int64), np.zeros(steps), 0.0
    means = problem.means(contexts)
    for start in range(0, steps, batch):
        policy.learn(Trials(contexts[:start], arms[:start], values[:start]))
        rows = slice(start, start + batch)
        arms[rows] = policy.choose(contexts[rows], chance)
        values[rows] = problem.values(contexts[rows], arms[rows], world)
        lost += float((means[rows].max(axis=1) - means[rows][np.arange(batch), arms[rows]]).sum())
    return lost
