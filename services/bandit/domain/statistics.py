"""Sufficient statistics of one arm."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ArmStatistics:
    """Is what is known of one arm's values of one metric, one value a unit.

    Attributes:
        unit_count: Units, with and without outcomes.
        value_sum: Sum of the values.
        mean: Their mean; 0 without units.
        square_deviation_sum: Sum of squared deviations from the mean, 0 or more.
    """

    arm_id: str
    unit_count: int = 0
    value_sum: float = 0.0
    mean: float = 0.0
    square_deviation_sum: float = 0.0
