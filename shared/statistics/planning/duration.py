"""How many whole weeks an experiment takes, and what each week buys."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.planning.answers import MinimumEffect, SampleSize
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.traffic import Traffic

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Weeks:
    """Is the range of durations that are allowed, in whole weeks: 1 <= least <= most."""

    least: int = 2
    most: int = 8


@dataclass(frozen=True, slots=True)
class Duration:
    """Holds how long metrics take, for any shape S.

    Attributes:
        weeks: Whole weeks; NaN exactly where `obstacle` is not 0.
        unit_count: Units of all arms together at the end: after `weeks`, or after the most weeks where not reachable.
        missing_unit_count: Units that are lacking after the most weeks; 0 where reachable, NaN where no number suffices.
        obstacle: `Obstacle` as int8: NOT_REACHABLE where the most weeks bring too few units.
    """

    weeks: Floats
    unit_count: Floats
    missing_unit_count: Floats
    obstacle: Codes


@dataclass(frozen=True, slots=True)
class WeekTable:
    """Holds what each number of weeks buys; W weeks, metrics of any shape S.

    Attributes:
        weeks: From the least to the most, shape (W,).
        unit_count: Units of all arms together by then, shape (W,).
        effect: Minimum effects, shape (W,) + S.
    """

    weeks: Floats
    unit_count: Floats
    effect: MinimumEffect


def duration(required: SampleSize, traffic: Traffic, *, weeks: Weeks = Weeks()) -> Duration:
    """Returns the least number of whole weeks that brings the units required."""
    raise NotImplementedError


def effect_by_week(baseline: Baseline, plan: Plan, traffic: Traffic, *, weeks: Weeks = Weeks()) -> WeekTable:
    """Returns the minimum effects of each number of weeks."""
    raise NotImplementedError
