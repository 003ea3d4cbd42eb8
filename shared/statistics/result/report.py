"""One answer in full, for people and for the services that word it."""

from dataclasses import dataclass

from shared.statistics.result.method import Alternative, Method
from shared.statistics.result.obstacles import Caution, Obstacle


@dataclass(frozen=True, slots=True)
class Interval:
    """Is an estimate with the ends of its interval, -inf or inf where it is one-sided."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class NotEstimable:
    """Stands where a number would be misleading."""

    obstacle: Obstacle

    def __str__(self) -> str:
        return f"not estimable because {self.obstacle.because}"


@dataclass(frozen=True, slots=True)
class Report:
    """Says of one treatment and one metric what is known against the control.

    Attributes:
        confidence_level: Of both intervals, such as 0.95.
        treatment: The treatment's value and number of units.
        difference: Treatment minus control, in the metric's unit.
        lift: Treatment over control minus 1; 0.05 is 5 %.
        p_value: Of no effect, or of the margin that the method tests.
        caution: What weakens the answer.
    """

    method: Method
    alternative: Alternative
    confidence_level: float
    treatment: float | NotEstimable
    control: float | NotEstimable
    treatment_unit_count: int
    control_unit_count: int
    difference: Interval | NotEstimable
    lift: Interval | NotEstimable
    p_value: float | NotEstimable
    caution: Caution
