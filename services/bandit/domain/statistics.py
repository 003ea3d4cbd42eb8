"""Sufficient statistics: of one arm, and of one policy version."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


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


@dataclass(frozen=True, slots=True)
class VersionStatistics:
    """Is what is known of one metric from the units that one policy version placed.

    Attributes:
        replaced_at: When the next version was published; None while this one serves.
        arms: By arm id, held-out units left out; arms without units may be missing.
        propensities: The version's weights by arm id.
    """

    policy_version: int
    replaced_at: datetime | None
    arms: Mapping[str, ArmStatistics]
    propensities: Mapping[str, float]
