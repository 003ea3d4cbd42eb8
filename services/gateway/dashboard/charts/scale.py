"""Scales: from values to places on a picture, and the round values at which an axis is marked."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_ROUND: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_STEPS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        *(1, 5, 15, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600),
        *(86400 * days for days in (1, 2, 3, 7, 14, 28, 91, 182, 364)),
    )
)
_EPOCH: Final = datetime.fromisoformat("2024-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Scale:
    """Places values between two ends."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Returns the place of a value; what is beyond an end is placed there."""
        if self.high <= self.low:
            return (self.start + self.end) / 2
        part = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return self.start + part * (self.end - self.start)


def around(values: Iterable[float], *, include: Sequence[float] = (), margin: float = 0.06) -> tuple[float, float]:
    """Returns ends that all values lie between, with a margin; never one point."""
    finite = [value for value in (*values, *include) if math.isfinite(value)]
    if not finite:
        return -1.0, 1.0
    low, high = min(finite), max(finite)
    room = (high - low) * margin or abs(high) * 0.1 or 1.0
    return low - room, high + room


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Returns round values from low to high, at most so many."""
    if not high > low:
        return [low]
    rough = (high - low) / max(most - 1, 1)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * each for each in _ROUND if size * each >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [place * step for place in range(first, last + 1)]


def time_ticks(first: datetime, last: datetime, most: int = 8) -> list[datetime]:
    """Returns round instants from first to last, at most so many."""
    if last <= first:
        return [first]
    step = next((each for each in _STEPS if (last - first) / each <= most - 1), _STEPS[-1])
    place = _EPOCH + math.ceil((first - _EPOCH) / step) * step
    found = []
    while place <= last:
        found.append(place)
        place += step
    return found or [first]
