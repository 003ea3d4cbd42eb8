"""Holds what was measured, and measures things in turn, so that a noisy neighbour disturbs all of them alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Figure:
    """Is one measured quantity: one value for each round.

    Attributes:
        what: The quantity, for people.
        values: One per round.
        unit: Behind the numbers; empty for ratios.
        at_least: The bar that the median must reach. None: no such bar.
        at_most: The bar that the median must not exceed. None: no such bar.
    """

    what: str
    values: tuple[float, ...]
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def median(self) -> float:
        """Returns the median of the rounds."""
        return median(self.values)

    @property
    def met(self) -> bool | None:
        """Returns whether the median meets the bar; None without a bar."""
        if self.at_least is not None:
            return self.median >= self.at_least
        if self.at_most is not None:
            return self.median <= self.at_most
        return None


@dataclass(frozen=True, slots=True)
class Section:
    """Is a table of figures.

    Attributes:
        title: What it is about.
        method: How it was measured, in a few sentences.
    """

    title: str
    method: str
    figures: tuple[Figure, ...]


def in_turn(measurements: Mapping[str, Callable[[], _T]], *, rounds: int) -> dict[str, list[_T]]:
    """Returns the results of each measurement, one per round, in the order A, B, A, B; a first round is dropped."""
    results: dict[str, list[_T]] = {name: [] for name in measurements}
    for number in range(rounds + 1):
        for name, measure in measurements.items():
            result = measure()
            if number:
                results[name].append(result)
    return results


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> tuple[float, ...]:
    """Returns the ratio of each round."""
    return tuple(above / below for above, below in zip(numerators, denominators, strict=True))
