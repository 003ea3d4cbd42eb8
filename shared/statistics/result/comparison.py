"""Answers for many comparisons at once, as arrays."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.result import checks
from shared.statistics.result.method import Alternative, Method
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import Interval, NotEstimable, Report

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int8]
Flags: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Holds effects of treatments against controls; every array has one common shape.

    Numbers are NaN exactly where an obstacle is not 0: `obstacle` speaks for difference, standard error and p-value,
    `lift_obstacle` for the lift. Where both are 0, the interval of the difference leaves out 0 exactly when the
    interval of the lift does, and when the p-value is below alpha.

    Attributes:
        alpha: 1 minus the intervals' confidence level.
        treatment, control: The arms' values, in the metric's unit; NaN where an arm has none.
        treatment_unit_count, control_unit_count: Units of analysis.
        difference: Treatment minus control, in the metric's unit.
        lift: Treatment over control minus 1; 0.05 is 5 %.
        obstacle, lift_obstacle: `Obstacle` as int8.
        caution: `Caution` as int32.
    """

    method: Method
    alternative: Alternative
    alpha: float
    treatment: Floats
    control: Floats
    treatment_unit_count: Floats
    control_unit_count: Floats
    difference: Floats
    standard_error: Floats
    difference_low: Floats
    difference_high: Floats
    lift: Floats
    lift_low: Floats
    lift_high: Floats
    p_value: Floats
    obstacle: Codes
    lift_obstacle: Codes
    caution: Flags

    @property
    def shape(self) -> tuple[int, ...]:
        """Returns the common shape."""
        return self.difference.shape

    def report(self, *index: int) -> Report:
        """Returns one comparison in full; the index has a number for each axis.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        obstacle = Obstacle(int(self.obstacle[index]))
        lift_obstacle = Obstacle(int(self.lift_obstacle[index]))
        return Report(
            method=self.method,
            alternative=self.alternative,
            confidence_level=1 - self.alpha,
            treatment=_value(self.treatment[index], obstacle),
            control=_value(self.control[index], obstacle),
            treatment_unit_count=int(self.treatment_unit_count[index]),
            control_unit_count=int(self.control_unit_count[index]),
            difference=NotEstimable(obstacle)
            if obstacle
            else Interval(*_floats(self.difference[index], self.difference_low[index], self.difference_high[index])),
            lift=NotEstimable(lift_obstacle)
            if lift_obstacle
            else Interval(*_floats(self.lift[index], self.lift_low[index], self.lift_high[index])),
            p_value=NotEstimable(obstacle) if obstacle else float(self.p_value[index]),
            caution=Caution(int(self.caution[index])),
        )


def _value(value: Any, obstacle: Obstacle) -> float | NotEstimable:
    """Returns a number as it is; NaN stands for what is in the way of the difference, too."""
    return NotEstimable(obstacle) if np.isnan(value) else float(value)


def _floats(*values: Any) -> tuple[float, float, float]:
    estimate, low, high = map(float, values)
    return estimate, low, high
