"""Slow policies written from the papers, one trial and one arm at a time; they know the noise and state no chances."""

from abc import ABC, abstractmethod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from services.bandit.domain.contextual.trials import Trials

Floats: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.int64]


class LinearReference(ABC):
    """Keeps A = ridge I + sum x x' and b = sum r x of each arm, r being standardised by all rewards so far.

    A ridge of the noise variance is a prior of N(0, I) for coefficients.
    """

    def __init__(self, arms: int, features: int, *, noise: float = 1.0) -> None:
        self.squares, self.products = np.zeros((arms, features, features)), np.zeros((arms, features))
        self.sums, self.true_noise, self.noise, self.count = np.zeros((arms, features)), noise, 1.0, 0
        self.inverses, self.means = np.stack([np.eye(features)] * arms), np.zeros((arms, features))

    def learn(self, trials: Trials) -> None:
        if trials.count == 0:
            return
        for row in range(self.count, trials.count):
            x, arm = trials.contexts[row], trials.arms[row]
            self.squares[arm] += np.outer(x, x)
            self.products[arm] += trials.values[row] * x
            self.sums[arm] += x
        self.count, mean, deviation = trials.count, trials.values.mean(), trials.values.std()
        self.noise = self.true_noise / deviation
        for arm in range(len(self.means)):
            a = self.noise**2 * np.eye(self.means.shape[1]) + self.squares[arm]
            b = (self.products[arm] - mean * self.sums[arm]) / deviation
            self.inverses[arm], self.means[arm] = np.linalg.inv(a), np.linalg.inv(a) @ b

    def choose(self, contexts: Floats, rng: np.random.Generator) -> Indexes:
        return np.array([self.chosen(x, rng) for x in contexts])

    @abstractmethod
    def chosen(self, x: Floats, rng: np.random.Generator) -> int:
        """Returns the arm for one context."""


class AgrawalGoyal(LinearReference):
    """Is algorithm 1 of "Thompson sampling for contextual bandits with linear payoffs" (2013), v being the noise."""

    def chosen(self, x: Floats, rng: np.random.Generator) -> int:
        drawn = [
            rng.multivariate_normal(mean, self.noise**2 * inverse, method="cholesky")
            if self.count
            else rng.standard_normal(x.size)
            for mean, inverse in zip(self.means, self.inverses, strict=True)
        ]
        return int(np.argmax([x @ theta for theta in drawn]))


class LiChuLangfordSchapire(LinearReference):
    """Is algorithm 1 of "A contextual-bandit approach to personalized news article recommendation" (2010)."""

    def chosen(self, x: Floats, rng: np.random.Generator) -> int:
        bounds = [
            x @ mean + self.noise * np.sqrt(x @ inverse @ x)
            for mean, inverse in zip(self.means, self.inverses, strict=True)
        ]
        return int(np.argmax(bounds))


class FosterRakhlin(LinearReference):
    """Is SquareCB of "Beyond UCB" (2020) with a ridge oracle, gamma as FALCON+ has it for K d parameters."""

    exploration = 0.1

    def chosen(self, x: Floats, rng: np.random.Generator) -> int:
        arms, error = len(self.means), self.noise**2 * self.means.size / max(self.count, 1)
        gamma = np.sqrt(arms / error) / (2 * self.exploration) if self.count else 0.0
        scores = self.means @ x
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
                            x @ rng.multivariate_normal(mean, covariance, method="cholesky")
                            for mean, covariance in zip(self.means, self.covariances, strict=True)
                        ]
                    )
                )
                for x in contexts
            ]
        )
