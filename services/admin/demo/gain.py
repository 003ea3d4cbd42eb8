"""What a run gained over an equal split, and how sure several runs make us of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

_CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """Is a mean with its 95 % interval; without at least two values the ends are NaN."""

    mean: float
    low: float
    high: float


def equal_split_conversions(rates: Sequence[float], unit_count: int) -> float:
    """Returns how many conversions an equal split of the units expects: the average of the rates times the units."""
    return unit_count * sum(rates) / len(rates)


def gain(conversion_count: int, *, rates: Sequence[float], unit_count: int) -> float:
    """Returns the conversions gained over an equal split, as a share of those (0.1: 10 % more)."""
    return conversion_count / equal_split_conversions(rates, unit_count) - 1


def estimate(values: Sequence[float]) -> Estimate:
    """Returns the mean of independent values with Student's t interval (Student 1908)."""
    mean, count = float(np.mean(values)), len(values)
    if count < 2:
        return Estimate(mean, math.nan, math.nan)
    error = float(np.std(values, ddof=1)) / math.sqrt(count)
    reach = float(special.stdtrit(count - 1, (1 + _CONFIDENCE) / 2)) * error
    return Estimate(mean, mean - reach, mean + reach)
