"""What planning answers with: power, sizes and effects as arrays, each with the reason where there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.result import checks
from shared.statistics.result.method import Method
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int8]
Flags: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class PlanReport:
    """Is one answer in full, for people and for the services that word it.

    Attributes:
        figures: By name, such as "power"; each a number, or the reason why there is none.
    """

    method: Method
    figures: Mapping[str, float | NotEstimable]
    caution: Caution


@dataclass(frozen=True, slots=True)
class Power:
    """Holds the power of comparisons; every array has one common shape.

    Attributes:
        value: Probability that the claim is shown, in [0, 1]; NaN exactly where `obstacle` is not 0.
        obstacle: `Obstacle` as int8.
        caution: `Caution` as int32.
    """

    method: Method
    value: Floats
    obstacle: Codes
    caution: Flags

    def report(self, *index: int) -> PlanReport:
        """Returns one comparison's power; the index has a number for each axis.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        figures = {"power": _figure(self.value[index], self.obstacle[index])}
        return PlanReport(self.method, figures, Caution(int(self.caution[index])))


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Holds the units that a plan needs, for any shape S.

    Attributes:
        total: Of all arms together, not rounded, so that `power` and `minimum_effect` give back what was asked for; NaN
            exactly where `obstacle` is not 0. What to recruit is the sum of `arms`, less than one unit an arm above it.
        arms: Whole units, rounded up, shape S + (arms,), the control first.
        obstacle: `Obstacle` as int8: EFFECT_NOT_CLAIMED where no number of units suffices.
        caution: `Caution` as int32.
    """

    method: Method
    total: Floats
    arms: Floats
    obstacle: Codes
    caution: Flags

    def report(self, *index: int) -> PlanReport:
        """Returns one comparison's size, in whole units; the index has a number for each axis of S.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        arms, obstacle = self.arms[index], self.obstacle[index]
        figures = {"units": _figure(arms.sum(), obstacle)}
        figures |= {f"units of arm {arm}": _figure(units, obstacle) for arm, units in enumerate(arms)}
        return PlanReport(self.method, figures, Caution(int(self.caution[index])))


@dataclass(frozen=True, slots=True)
class MinimumEffect:
    """Holds the effects nearest to the null that a plan shows with its power; every array has one common shape.

    For non-inferiority it is the least favourable true effect that still passes, for equivalence the largest one.

    Attributes:
        difference: Treatment minus control, in the metric's unit; below 0 where the alternative is LESS. NaN exactly
            where `obstacle` is not 0.
        lift: Difference over |control|; NaN exactly where `lift_obstacle` is not 0.
        obstacle, lift_obstacle: `Obstacle` as int8.
        caution: `Caution` as int32.
    """

    method: Method
    difference: Floats
    lift: Floats
    obstacle: Codes
    lift_obstacle: Codes
    caution: Flags

    def report(self, *index: int) -> PlanReport:
        """Returns one comparison's effect on both scales; the index has a number for each axis.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        figures = {
            "difference": _figure(self.difference[index], self.obstacle[index]),
            "lift": _figure(self.lift[index], self.lift_obstacle[index]),
        }
        return PlanReport(self.method, figures, Caution(int(self.caution[index])))


def _figure(value: Any, obstacle: Any) -> float | NotEstimable:
    return NotEstimable(Obstacle(int(obstacle))) if obstacle else float(value)
