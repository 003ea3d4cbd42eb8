"""How many whole weeks an experiment takes, and what each week buys."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import invalid_field
from shared.statistics.planning.answers import MinimumEffect, SampleSize
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.minimum_effect import minimum_effect
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.traffic import Traffic
from shared.statistics.result.obstacles import Obstacle

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Weeks:
    """Is the range of durations that are allowed, in whole weeks: 1 <= least <= most <= 520."""

    least: int = 2
    most: int = 8

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most <= 520:
            raise invalid_field("weeks", f"from {self.least} to {self.most}, must be 1 <= least <= most <= 520")

    @property
    def all(self) -> Floats:
        """Returns each number of weeks that is allowed."""
        return np.arange(self.least, self.most + 1, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Duration:
    """Holds how long metrics take, for any shape S.

    Attributes:
        weeks: Whole weeks; NaN exactly where `obstacle` is not 0.
        unit_count: Units of all arms together at the end: after `weeks`, or after the most weeks where not reachable.
        missing_unit_count: Units lacking after the most weeks: 0 where reachable, NaN where no number suffices.
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
    """Returns the least number of whole weeks that brings the units required.

    An experiment waits for its slowest metric: the largest of `weeks` over metrics that must all be shown.

    Args:
        required: Units that a plan needs, triggered ones where only those are analysed.
        traffic: The units that come.
        weeks: Durations that are allowed; whole weeks, so that each day of the week counts the same.
    """
    options = weeks.all
    reached = traffic.unit_count(7 * options)
    needed = required.arms.sum(axis=-1)
    enough = reached >= needed[..., None]
    reachable = enough.any(axis=-1)
    chosen = np.where(reachable, enough.argmax(axis=-1), options.size - 1)
    known = required.obstacle == Obstacle.NONE
    obstacle = np.where(known & ~reachable, Obstacle.NOT_REACHABLE, required.obstacle).astype(np.int8)
    return Duration(
        weeks=np.where(obstacle == 0, options[chosen], np.nan),
        unit_count=reached[chosen],
        missing_unit_count=np.maximum(needed - reached[chosen], 0.0),
        obstacle=obstacle,
    )


def effect_by_week(baseline: Baseline, plan: Plan, traffic: Traffic, *, weeks: Weeks = Weeks()) -> WeekTable:
    """Returns the minimum effects of each number of weeks.

    Args:
        baseline: Metrics of any shape S.
        plan: How they are judged.
        traffic: The units that come.
        weeks: Durations that are allowed.
    """
    options = weeks.all
    reached = traffic.unit_count(7 * options)
    lifted = reached.reshape(-1, *(1,) * len(baseline.shape))
    return WeekTable(options, reached, minimum_effect(baseline, plan, unit_count=lifted))
