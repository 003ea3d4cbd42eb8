"""Experiments and their parts as values; field by field those of common.proto, with every default filled in."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from shared.definition.allocation import (
    ALGORITHMS,
    Algorithm,
    AllocationControls,
    AllocationPolicy,
    ArmWeight,
    BetaThompson,
    Budget,
    ContextualAlgorithm,
    ControlPart,
    DrawingAlgorithm,
    EpsilonGreedy,
    Exp3,
    FixedSplit,
    GammaThompson,
    GaussianThompson,
    GuardrailPause,
    InverseGap,
    KlUcb,
    LinearThompson,
    LinUcb,
    LogisticThompson,
    RewardTerm,
    StopRule,
    TopTwoThompson,
    Ucb1,
    WarmStart,
    algorithm_name,
)
from shared.definition.features import BooleanFeature, CategoricalFeature, Feature, NumericFeature

__all__ = [
    "ALGORITHMS",
    "MAX_ABSOLUTE_VALUE",
    "Algorithm",
    "AllocationControls",
    "AllocationPolicy",
    "AnalysisUnit",
    "Arm",
    "ArmWeight",
    "BetaThompson",
    "BooleanFeature",
    "Budget",
    "CategoricalFeature",
    "CombinationRule",
    "ContextualAlgorithm",
    "ControlPart",
    "DrawingAlgorithm",
    "EpsilonGreedy",
    "Exp3",
    "Experiment",
    "ExperimentState",
    "Feature",
    "FixedSplit",
    "GammaThompson",
    "GaussianThompson",
    "GuardrailPause",
    "InverseGap",
    "KlUcb",
    "LinUcb",
    "LinearThompson",
    "LogisticThompson",
    "Metric",
    "MetricDirection",
    "MetricKind",
    "MetricRole",
    "NumericFeature",
    "RewardTerm",
    "StopRule",
    "TopTwoThompson",
    "Traffic",
    "Ucb1",
    "WarmStart",
    "algorithm_name",
]

MAX_ABSOLUTE_VALUE = 1e12


class ExperimentState(StrEnum):
    """Says where an experiment stands."""

    DRAFT = "DRAFT"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"


class AnalysisUnit(StrEnum):
    """Says what counts once: a unit, or every allocation."""

    UNIT = "UNIT"
    ALLOCATION = "ALLOCATION"


class MetricKind(StrEnum):
    """Says what the values of a metric are."""

    PROPORTION = "PROPORTION"
    MEAN = "MEAN"


class MetricRole(StrEnum):
    """Says what a metric is for."""

    PRIMARY = "PRIMARY"
    SECONDARY = "SECONDARY"
    GUARDRAIL = "GUARDRAIL"


class MetricDirection(StrEnum):
    """Says which way of a metric is good."""

    MAXIMIZE = "MAXIMIZE"
    MINIMIZE = "MINIMIZE"


class CombinationRule(StrEnum):
    """Says how the outcomes of one unit become one value."""

    ANY = "ANY"
    SUM = "SUM"
    COUNT = "COUNT"
    LAST = "LAST"
    MAX = "MAX"


@dataclass(frozen=True, slots=True)
class Arm:
    """Is one of the treatments that an experiment compares; `cost` is what giving it to one unit costs."""

    arm_id: str
    display_name: str = ""
    control: bool = False
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Metric:
    """Is a quantity measured on units; `min_value` and `max_value` bound one outcome, `revenue` says it is money."""

    metric_id: str
    kind: MetricKind
    role: MetricRole
    direction: MetricDirection = MetricDirection.MAXIMIZE
    combination_rule: CombinationRule = CombinationRule.SUM
    min_value: float = -MAX_ABSOLUTE_VALUE
    max_value: float = MAX_ABSOLUTE_VALUE
    display_name: str = ""
    revenue: bool = False


@dataclass(frozen=True, slots=True)
class Traffic:
    """Says which shares of the units take part and are held out; `analysis_share` is of those that take part."""

    share: float = 1.0
    holdout_share: float = 0.0
    analysis_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Experiment:
    """Is a controlled experiment as of one revision."""

    experiment_id: str
    arms: tuple[Arm, ...]
    metrics: tuple[Metric, ...]
    allocation_policy: AllocationPolicy = field(default_factory=AllocationPolicy)
    traffic: Traffic = Traffic()
    analysis_unit: AnalysisUnit = AnalysisUnit.UNIT
    attribution_window: timedelta = timedelta(days=7)
    features: tuple[Feature, ...] = ()
    display_name: str = ""
    description: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    state: ExperimentState = ExperimentState.DRAFT
    revision: int = 1
    etag: str = ""
    shipped_arm_id: str = ""
    creator: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None

    @property
    def control(self) -> Arm:
        """Returns the control arm."""
        return next(arm for arm in self.arms if arm.control)

    @property
    def primary_metric(self) -> Metric:
        """Returns the metric that decides."""
        return next(metric for metric in self.metrics if metric.role is MetricRole.PRIMARY)
