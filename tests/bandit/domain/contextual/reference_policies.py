"""Slow policies written from the papers, one trial and one arm at a time; they know the noise and state no chances."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from services.bandit.domain.contextual.trials import Trials

Floats: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.int64]


class LinearReference:
    """Keeps A = ridge I + sum x x' and b = sum r x of each arm; a ridge of the noise variance is a prior of N(0, I)."""

    def __init__(self, arms: int, features: int, *, noise: float = 1.0) -> None:
        self.a = [noise**2 * np.eye(features) for _ in range(arms)]
        self.b = [np.zeros(features) for _ in range(arms)]
        self.noise, self.arms, self.count = noise, range(arms), 0

    def learn(self, trials: Trials) -> None:
        for row in range(self.count, trials.count):
            x, arm = trials.contexts[row], trials.arms[row]
            self.a[arm] += np.outer(x, x)
            self.b[arm] += trials.values[row] * x
        self.count = trials.count

    def choose(self, contexts: Floats, rng: np.random.Generator) -> Indexes:
        inverses = [np.linalg.inv(a) for a in self.a]
        return np.array([self.chosen(x, inverses, rng) for x in contexts])

    def chosen(self, x: Floats, inverses: list[Floats], rng: np.random.Generator) -> int:
        raise NotImplementedError


class AgrawalGoyal(LinearReference):
    """Is algorithm 1 of "Thompson sampling for contextual bandits with linear payoffs" (2013), v being the noise."""

    def chosen(self, x: Floats, inverses: list[Floats], rng: np.random.Generator) -> int:
        drawn = [
            rng.multivariate_normal(inverses[arm] @ self.b[arm], self.noise**2 * inverses[arm]) for arm in self.arms
        ]
        return int(np.argmax([x @ theta for theta in drawn]))


class LiChuLangfordSchapire(LinearReference):
    """Is algorithm 1 of "A contextual-bandit approach to personalized news article recommendation" (2010)."""

    def chosen(self, x: Floats, inverses: list[Floats], rng: np.random.Generator) -> int:
        bounds = [x @ inverses[arm] @ self.b[arm] + self.noise * np.sqrt(x @ inverses[arm] @ x) for arm in self.arms]
        return int(np.argmax(bounds))


class FosterRakhlin(LinearReference):
    """Is SquareCB of "Beyond UCB" (2020) with a ridge oracle, gamma as FALCON+ has it for K d parameters."""

    exploration = 0.1

    def chosen(self, x: Floats, inverses: list[Floats], rng: np.random.Generator) -> int:
        arms, error = len(self.arms), self.noise**2 * len(self.arms) * x.size / max(self.count, 1)
        gamma = np.sqrt(arms / error) / (2 * self.exploration) if self.count else 0.0
        scores = np.array([x @ inverses[arm] @ self.b[arm] for arm in self.arms])
        best = int(scores.argmax())
        chances = 1 / (arms + gamma * (scores[best] - scores))
        chances[best] = 1 - (chances.sum() - chances[best])
        return int(rng.choice(arms, p=chances))


class ChapelleLi:
    """Is algorithm 3 of "An empirical evaluation of Thompson sampling" (2011), fitted anew each time, full covariance.

    The prior is N(0, I) about the log odds of the pooled rate.
    """

    def __init__(self, arms: int, features: int) -> None:
        self.means = [np.zeros(features) for _ in range(arms)]
        self.covariances = [np.eye(features) for _ in range(arms)]

    def learn(self, trials: Trials) -> None:
        successes = trials.values.sum()
        centre = np.log((successes + 0.5) / (trials.count - successes + 0.5))
        for arm in range(len(self.means)):
            x, r = trials.contexts[trials.arms == arm], trials.values[trials.arms == arm]

            def loss(theta: Floats, x: Floats = x, r: Floats = r) -> tuple[float, Floats]:
                odds = centre + x @ theta
                value = np.logaddexp(0, odds).sum() - r @ odds + theta @ theta / 2
                return float(value), x.T @ (special.expit(odds) - r) + theta

            self.means[arm] = optimize.minimize(loss, self.means[arm], jac=True, method="L-BFGS-B").x
            rates = special.expit(centre + x @ self.means[arm])
            self.covariances[arm] = np.linalg.inv(np.eye(x.shape[1]) + (x.T * (rates * (1 - rates))) @ x)

    def choose(self, contexts: Floats, rng: np.random.Generator) -> Indexes:
        return np.array(
            [
                int(
                    np.argmax(
                        [
                            x @ rng.multivariate_normal(mean, covariance)
                            for mean, covariance in zip(self.means, self.covariances, strict=True)
                        ]
                    )
                )
                for x in contexts
            ]
        )
