"""The plan of an experiment, what rules find of it, and what speaks for and against it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from services.ai.domain.looking import LookingPolicy
from shared.definition.allocation import AllocationPolicy, FixedSplit


class FindingSeverity(StrEnum):
    """Says how much a finding matters: good to know, to be considered, or in the way."""

    NOTE = "NOTE"
    WARNING = "WARNING"
    BLOCKING = "BLOCKING"


@dataclass(frozen=True, slots=True)
class RampStep:
    """Is a step by which traffic grows: the share of units that take part, for how long at least, and until what."""

    traffic_share: float
    duration: timedelta
    gate: str


@dataclass(frozen=True, slots=True)
class DesignPlan:
    """Is the plan of an experiment.

    Attributes:
        arm_shares: Of the participating units, the control's first; together 1. A fixed split goes by them.
        traffic_share: Of units, those that take part.
        units_per_arm: The control first; of a bandit those of an equal split.
        duration: In whole weeks, the ramp included.
        variance_reduction: Whether values from before the start are used to shorten it.
    """

    primary_metric_id: str
    secondary_metric_ids: tuple[str, ...]
    guardrail_metric_ids: tuple[str, ...]
    arm_shares: tuple[float, ...]
    traffic_share: float
    allocation_policy: AllocationPolicy
    units_per_arm: tuple[int, ...]
    duration: timedelta
    alpha: float
    power: float
    relative_mde: float
    looking_policy: LookingPolicy = LookingPolicy.AT_END
    ramp: tuple[RampStep, ...] = ()
    variance_reduction: bool = False

    @property
    def learns(self) -> bool:
        """Says whether weights follow the data."""
        return not isinstance(self.allocation_policy.algorithm, FixedSplit)

    @property
    def unit_count(self) -> int:
        """Returns the units of all arms."""
        return sum(self.units_per_arm)

    @property
    def day_count(self) -> int:
        """Returns the whole days that it takes."""
        return self.duration.days


@dataclass(frozen=True, slots=True)
class DetectableLift:
    """Is the relative lift that could be found in so many weeks, and how many units the smallest arm would have."""

    week_count: int
    relative_lift: float
    units_per_arm: int


@dataclass(frozen=True, slots=True)
class DesignFinding:
    """Is what a rule of statistics found: what is wrong, what would be right, and where the rule comes from."""

    rule_id: str
    severity: FindingSeverity
    message: str
    source: str
