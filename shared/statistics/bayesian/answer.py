"""What Bayesian comparisons look like: arrays over many of them, and one in full."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared.statistics.result import checks
from shared.statistics.result.method import Method
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import Interval, NotEstimable

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]
Flags = NDArray[np.int32]

NO_STOPPING_RULE: Final = (
    "a chance of 95 % or more is no rule for stopping: at 28 daily looks it named a winner in 46 % of the experiments "
    "with two arms and 17 % of those with three, although the arms were alike"
)


@dataclass(frozen=True, slots=True)
class BayesianReport:
    """Says of one treatment and one metric what is believed of it beside the control.

    Attributes:
        probability: Of both credible intervals, such as 0.95.
        treatment: The treatment's posterior mean, in the metric's unit, and its number of units.
        difference: Treatment minus control, in the metric's unit.
        lift: Treatment over control minus 1; 0.05 is 5 %.
        chance_to_beat: Probability of the treatment's being better than the control.
        treatment_loss: What choosing the treatment is expected to cost, in the metric's unit.
        control_loss: What choosing the control is expected to cost.
        caution: What weakens the answer.
    """

    method: Method
    lower_is_better: bool
    probability: float
    treatment: float | NotEstimable
    control: float | NotEstimable
    treatment_unit_count: float
    control_unit_count: float
    difference: Interval | NotEstimable
    lift: Interval | NotEstimable
    chance_to_beat: float | NotEstimable
    treatment_loss: float | NotEstimable
    control_loss: float | NotEstimable
    caution: Caution


@dataclass(frozen=True, slots=True)
class BayesianComparison:
    """Holds what is believed of treatments beside controls; every array has one common shape.

    Numbers are NaN exactly where an obstacle is not 0: `obstacle` speaks for difference, chance and losses,
    `lift_obstacle` for the lift. Where both are 0, the interval of the difference leaves out 0 exactly when that of the
    lift does, and when the chance to beat is not within [alpha / 2, 1 - alpha / 2].

    Attributes:
        alpha: 1 minus the credible intervals' probability.
        lower_is_better: Where a smaller value is the better one.
        treatment, control: Posterior means, in the metric's unit; NaN where an arm has none.
        treatment_unit_count, control_unit_count: Units of analysis, or exposure.
        difference: Posterior mean of treatment minus control, in the metric's unit.
        lift: The difference over the size of the control's posterior mean; 0.05 is 5 %.
        chance_to_beat: Probability of the treatment's being better than the control.
        treatment_loss, control_loss: Expected loss of choosing either: how much better the other is, where it is.
        obstacle, lift_obstacle: `Obstacle` as int8.
        caution: `Caution` as int32.
    """

    method: Method
    alpha: float
    lower_is_better: NDArray[np.bool_]
    treatment: Floats
    control: Floats
    treatment_unit_count: Floats
    control_unit_count: Floats
    difference: Floats
    difference_low: Floats
    difference_high: Floats
    lift: Floats
    lift_low: Floats
    lift_high: Floats
    chance_to_beat: Floats
    treatment_loss: Floats
    control_loss: Floats
    obstacle: Codes
    lift_obstacle: Codes
    caution: Flags

    @property
    def shape(self) -> tuple[int, ...]:
        """Returns the common shape."""
        return self.difference.shape

    def report(self, *index: int) -> BayesianReport:
        """Returns one comparison in full; the index has a number for each axis.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        obstacle = Obstacle(int(self.obstacle[index]))
        lift_obstacle = Obstacle(int(self.lift_obstacle[index]))
        return BayesianReport(
            method=self.method,
            lower_is_better=bool(self.lower_is_better[index]),
            probability=1 - self.alpha,
            treatment=_value(self.treatment[index], obstacle),
            control=_value(self.control[index], obstacle),
            treatment_unit_count=float(self.treatment_unit_count[index]),
            control_unit_count=float(self.control_unit_count[index]),
            difference=_interval(
                self.difference[index], self.difference_low[index], self.difference_high[index], obstacle
            ),
            lift=_interval(self.lift[index], self.lift_low[index], self.lift_high[index], lift_obstacle),
            chance_to_beat=_value(self.chance_to_beat[index], obstacle),
            treatment_loss=_value(self.treatment_loss[index], obstacle),
            control_loss=_value(self.control_loss[index], obstacle),
            caution=Caution(int(self.caution[index])),
        )


def _value(value: Any, obstacle: Obstacle) -> float | NotEstimable:
    """Returns a number as it is; NaN stands for the obstacle."""
    return NotEstimable(obstacle) if np.isnan(value) else float(value)


def _interval(estimate: Any, low: Any, high: Any, obstacle: Obstacle) -> Interval | NotEstimable:
    return NotEstimable(obstacle) if obstacle else Interval(float(estimate), float(low), float(high))
