"""What arms are really like: fixed means, means that drift, or means that are drawn anew for every run."""

import math
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


class Truth(Protocol):
    """Says what the arms' means are."""

    @property
    def arm_count(self) -> int:
        """Returns how many arms there are."""

    def means(self, rng: np.random.Generator, runs: int, batches: int) -> Floats:
        """Returns the means, shape (runs, batches, arms)."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Is the same means in all runs, all the time."""

    values: tuple[float, ...]

    @property
    def arm_count(self) -> int:
        """Returns how many arms there are."""
        return len(self.values)

    def means(self, rng: np.random.Generator, runs: int, batches: int) -> Floats:  # noqa: ARG002
        """Returns the means, shape (runs, batches, arms)."""
        return np.broadcast_to(np.array(self.values), (runs, batches, self.arm_count)).copy()


@dataclass(frozen=True, slots=True)
class Crossing:
    """Is means that move along a straight line from the first batch to the last."""

    first: tuple[float, ...]
    last: tuple[float, ...]

    @property
    def arm_count(self) -> int:
        """Returns how many arms there are."""
        return len(self.first)

    def means(self, rng: np.random.Generator, runs: int, batches: int) -> Floats:  # noqa: ARG002
        """Returns the means, shape (runs, batches, arms)."""
        way = np.linspace(0, 1, batches)[:, None]
        line = np.array(self.first) * (1 - way) + np.array(self.last) * way
        return np.broadcast_to(line, (runs, *line.shape)).copy()


@dataclass(frozen=True, slots=True)
class Season:
    """Is means that go up and down together, by a share `swing`, once in `period` batches."""

    values: tuple[float, ...]
    swing: float
    period: int

    @property
    def arm_count(self) -> int:
        """Returns how many arms there are."""
        return len(self.values)

    def means(self, rng: np.random.Generator, runs: int, batches: int) -> Floats:  # noqa: ARG002
        """Returns the means, shape (runs, batches, arms)."""
        level = 1 + self.swing * np.sin(2 * math.pi * np.arange(batches) / self.period)[:, None]
        line = level * np.array(self.values)
        return np.broadcast_to(line, (runs, *line.shape)).copy()


@dataclass(frozen=True, slots=True)
class Drawn:
    """Is rates drawn for every run: base x exp(scale t) for each arm, t of Student's distribution.

    Attributes:
        arm_count: How many arms.
        median: Of the base.
        log_deviation: Of the base's logarithm, between runs; 0: the same base in all.
        scale: Of the arms' logarithms within a run.
        freedom: Of Student's distribution; infinite for the normal one.
        control_moves: Whether the first arm is drawn like the others, or is the base itself.
        highest: What rates are cut at.
    """

    arm_count: int
    median: float
    log_deviation: float
    scale: float
    freedom: float
    control_moves: bool
    highest: float = 0.5

    def means(self, rng: np.random.Generator, runs: int, batches: int) -> Floats:
        """Returns the means, shape (runs, batches, arms)."""
        base = self.median * np.exp(self.log_deviation * rng.standard_normal((runs, 1)))
        shape = (runs, self.arm_count)
        tails = rng.standard_normal(shape) if math.isinf(self.freedom) else rng.standard_t(self.freedom, shape)
        if not self.control_moves:
            tails[:, 0] = 0.0
        rates = np.minimum(base * np.exp(self.scale * tails), self.highest)
        return np.repeat(rates[:, None, :], batches, axis=1)
