"""Policy snapshots as values; field by field those of bandit_service.proto."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.definition.model import AllocationPolicy, AnalysisUnit, ExperimentState, Feature, Metric, Traffic

RANGE = 1 << 32
"""How many positions there are: a unit is hashed to one of 0 .. RANGE - 1."""


class PublishReason(StrEnum):
    """Says why a version was published."""

    DEFINITION = "DEFINITION"
    LEARNING = "LEARNING"
    SWITCH = "SWITCH"
    PERIOD = "PERIOD"
    GUARDRAIL = "GUARDRAIL"
    BUDGET = "BUDGET"


@dataclass(frozen=True, slots=True)
class PolicyArm:
    """Is an arm with its exact share of the participating units.

    Attributes:
        paused: Whether it was shown to harm a guardrail metric.
        shadow_weight: What its share would be, in shadow mode; 0 otherwise.
        cost: What giving it to one unit costs, in the reward's unit.
        analysis_weight: Its exact share of the units in the analysis split; 0 without one.
    """

    arm_id: str
    weight: float
    control: bool
    paused: bool = False
    shadow_weight: float = 0.0
    cost: float = 0.0
    analysis_weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Segments:
    """Cuts the range [0, RANGE) into segments and gives each to an arm.

    Attributes:
        starts: Where the segments start, strictly ascending, the first one 0.
        arms: Whose they are, as positions in the snapshot's arms; neighbours differ.
    """

    starts: tuple[int, ...]
    arms: tuple[int, ...]

    def lengths(self, arm_count: int) -> list[int]:
        """Returns how many positions each arm has; they sum to RANGE."""
        lengths = [0] * arm_count
        for arm, start, end in zip(self.arms, self.starts, (*self.starts[1:], RANGE), strict=True):
            lengths[arm] += end - start
        return lengths


@dataclass(frozen=True, slots=True)
class AnalysisSplit:
    """Gives units fixed shares of the arms; which share of those that take part, the traffic says.

    Attributes:
        salt: Seeds the hash that decides whether a unit is in it, 0 .. 2^64 - 1.
        segments: Where its units fall among the arms.
    """

    salt: int
    segments: Segments


class ScoreMode(StrEnum):
    """Says how the coefficients of a contextual model become weights; bandit_service.proto has the rules."""

    DRAWS = "DRAWS"
    UPPER_BOUND = "UPPER_BOUND"
    INVERSE_GAP = "INVERSE_GAP"


@dataclass(frozen=True, slots=True)
class ContextualModel:
    """Gives a unit's weights from its encoded context.

    Attributes:
        coefficients: 4-byte floats, little-endian, by row, then arm, then column.
        gamma: Of INVERSE_GAP; 0 otherwise.
        lower_bounds: The least weights of the arms.
    """

    mode: ScoreMode
    coefficients: bytes
    row_count: int
    column_count: int
    gamma: float
    lower_bounds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PolicySnapshot:
    """Is an immutable policy: all that is needed to allocate.

    Attributes:
        arm_salt: Seeds the hash that places a unit among the arms, 0 .. 2^64 - 1.
        traffic_salt: Seeds the hash that decides whether a unit takes part, 0 .. 2^64 - 1.
        default_arm: Position of the arm served where nothing is drawn.
        contextual_model: None where all units have the weights of the arms.
        analysis_split: None where the traffic has no share for it.
        shadow_model: What would be the contextual model, in shadow mode; None otherwise.
        control_served: Whether everybody gets the control, whatever else it says. Never published: whoever serves the
            snapshot sets it while a switch asks for it.
    """

    experiment_id: str
    policy_version: int
    experiment_revision: int
    state: ExperimentState
    arm_salt: int
    traffic_salt: int
    traffic: Traffic
    arms: tuple[PolicyArm, ...]
    segments: Segments
    default_arm: int
    analysis_unit: AnalysisUnit
    attribution_window: timedelta
    metrics: tuple[Metric, ...]
    allocation_policy: AllocationPolicy
    frozen: bool
    publish_reason: PublishReason
    published_at: datetime
    features: tuple[Feature, ...] = ()
    contextual_model: ContextualModel | None = None
    analysis_split: AnalysisSplit | None = None
    shadow_model: ContextualModel | None = None
    control_served: bool = False
