"""Standard bandit problems, and what theory says of them."""

from dataclasses import dataclass
from math import log
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """Is a bandit with arms of fixed means.

    Attributes:
        name: For messages.
        means: Of the arms.
        deviation: Of normal values; 0: values are 0 or 1.
    """

    name: str
    means: tuple[float, ...]
    deviation: float = 0.0

    @property
    def arm_count(self) -> int:
        return len(self.means)

    @property
    def gaps(self) -> Floats:
        """Returns what is lost by a unit of each arm."""
        return max(self.means) - np.array(self.means)

    @property
    def lai_robbins(self) -> float:
        """Returns the least slope of regret against ln t that a consistent rule can have: sum of gap / kl.

        Lai and Robbins 1985, "Asymptotically efficient adaptive allocation rules".
        """
        best = max(self.means)
        return sum((best - mean) / self._divergence(mean, best) for mean in self.means if mean < best)

    def _divergence(self, mean: float, best: float) -> float:
        if self.deviation:
            return (best - mean) ** 2 / (2 * self.deviation**2)
        return mean * log(mean / best) + (1 - mean) * log((1 - mean) / (1 - best))

    def values(self, rng: np.random.Generator, arms: NDArray[np.int64]) -> Floats:
        """Draws a value of each of the arms."""
        means = np.array(self.means)[arms]
        return rng.normal(means, self.deviation) if self.deviation else (rng.random(arms.size) < means).astype(float)


KAUFMANN = Problem("ten rates", (0.1, 0.05, 0.05, 0.05, 0.02, 0.02, 0.02, 0.01, 0.01, 0.01))
"""Kaufmann, Korda and Munos 2012, "Thompson sampling: an asymptotically optimal finite-time analysis", figure 2."""

THREE = Problem("three rates", (0.4, 0.5, 0.3))
TWO = Problem("two rates", (0.2, 0.1))
NORMAL = Problem("three normal means", (0.5, 0.0, -0.5), 1.0)
COUNTS = Problem("two normal means", (0.3, 0.0), 1.0)
