"""What a design declares before the first unit is allocated.

Every field says "not declared" as None; 0, False and an empty text are declarations.
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.definition.model import MetricDirection, MetricRole
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.plan import Plan


class Interference(StrEnum):
    """Says through what units of one arm can reach those of another."""

    NONE = "NONE"
    MARKETPLACE = "MARKETPLACE"
    SOCIAL = "SOCIAL"
    SHARED_BUDGET = "SHARED_BUDGET"


class Isolation(StrEnum):
    """Says what keeps the arms apart in spite of interference."""

    NONE = "NONE"
    CLUSTERS = "CLUSTERS"
    SWITCHBACK = "SWITCHBACK"
    SPLIT_BUDGET = "SPLIT_BUDGET"


class UnitVariance(StrEnum):
    """Says how the variance is computed where the unit of analysis is smaller than the unit of randomisation."""

    INDEPENDENT = "INDEPENDENT"
    DELTA = "DELTA"
    CLUSTER_ROBUST = "CLUSTER_ROBUST"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Is a claim that data can refute: five texts, each "" where it was left out.

    Attributes:
        change: What the treatment does differently.
        metric: What it moves.
        direction: Which way.
        magnitude: By how much at least.
        population: For whom.
    """

    change: str = ""
    metric: str = ""
    direction: str = ""
    magnitude: str = ""
    population: str = ""


@dataclass(frozen=True, slots=True)
class DesignMetric:
    """Is one metric of the design, with what is known of it beforehand.

    Attributes:
        role: What it is for.
        direction: Which way is good.
        baseline: One metric's baseline, of shape (), before covariates.
        baseline_days: Length of the window in which the baseline was measured.
        minimum_lift: Smallest relative effect that the experiment must detect, as a positive number: 0.05 is 5 %.
        margin: Relative non-inferiority margin of a guardrail, above 0.
        skewness: Of one unit's values as they are analysed, after capping.
        winsorized_at: Pooled quantile at which values are capped, in (0, 1).
        caps_both_sides: Of a ratio: numerator and denominator are capped by the same rule.
        covariate_correlation: Of the metric with its best covariate from before the start, in [-1, 1].
        covariate_used: CUPED is planned with it.
        past_lifts: Relative effects that earlier experiments had on this metric.
    """

    metric_id: str
    role: MetricRole
    direction: MetricDirection = MetricDirection.MAXIMIZE
    baseline: Baseline | None = None
    baseline_days: int | None = None
    minimum_lift: float | None = None
    margin: float | None = None
    skewness: float | None = None
    winsorized_at: float | None = None
    caps_both_sides: bool = True
    covariate_correlation: float | None = None
    covariate_used: bool = False
    past_lifts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class BanditDesign:
    """Is what a bandit declares beyond a fixed split.

    Attributes:
        update_interval_hours: Between two policy versions.
        reward_lag_hours: Until a unit's reward is known.
        exploration_floor: Least weight of every arm.
        first_batch_units_per_arm: Units of an arm before weights may leave the equal split.
        batch_count: Policy versions expected.
        propensities_logged: Every allocation's propensity is stored.
        effects_wanted: Effects are to be estimated, beside finding the best arm.
    """

    update_interval_hours: float
    reward_lag_hours: float
    exploration_floor: float
    first_batch_units_per_arm: int
    batch_count: int
    propensities_logged: bool
    effects_wanted: bool = False


@dataclass(frozen=True, slots=True)
class Ramp:
    """Is the plan for growing traffic.

    Attributes:
        shares: Of traffic, step by step, ascending.
        gated: Guardrails must hold before each next step.
        stratified: Only the phase of constant weights is analysed, or steps are strata.
    """

    shares: tuple[float, ...]
    gated: bool
    stratified: bool


@dataclass(frozen=True, slots=True)
class SampleRatioPlan:
    """Is the planned check of the arms' sizes: its error rate, and whether it is valid at any look."""

    alpha: float
    any_time: bool


@dataclass(frozen=True, slots=True)
class Observations:
    """Is what is known already: from an A/A period, or from the running experiment.

    Attributes:
        pre_period_p_value: Of no difference between the arms before the start.
        multiple_exposure_share: Share of units seen in more than one arm.
        lift: Of the primary metric so far, relative.
    """

    pre_period_p_value: float | None = None
    multiple_exposure_share: float | None = None
    lift: float | None = None


@dataclass(frozen=True, slots=True)
class Design:
    """Is an experiment as designed.

    Attributes:
        plan: How comparisons are judged: shares (the control first), alpha, power, monitoring, multiplicity.
        days: Planned duration.
        eligible_unit_count: Distinct units that enter the experiment within those days, before triggering.
        look_count: Times that results are looked at with a decision in mind.
        bandit: None for a fixed split.
        trigger_rate: Share of units that meet the change at all, in (0, 1].
        triggered_analysis: Exposure is logged where the arms diverge, and only exposed units are analysed.
        unit_variance: How the variance is computed where the units differ.
        clusters_per_arm: Randomised clusters of the smallest arm; None where units are randomised singly.
        changes_returning_units: Units that know the old treatment will notice the change.
        effect_over_time_planned: The effect is going to be read by time since first exposure.
        high_risk: A failure would hurt at once.
        interference: Undeclared is not the same as NONE.
        overlapping_experiment_count: Others on the same surface at the same time.
        independent_assignment: Their assignments are independent of this one's.
        decision_rule: What is going to be done for which result; "" where there is none.
    """

    hypothesis: Hypothesis
    metrics: tuple[DesignMetric, ...]
    plan: Plan
    days: int
    eligible_unit_count: int
    look_count: int = 1
    bandit: BanditDesign | None = None
    randomization_unit: str = "visitor"
    analysis_unit: str = "visitor"
    unit_variance: UnitVariance = UnitVariance.INDEPENDENT
    clusters_per_arm: int | None = None
    trigger_rate: float = 1.0
    triggered_analysis: bool = False
    changes_returning_units: bool = False
    effect_over_time_planned: bool = False
    high_risk: bool = False
    ramp: Ramp | None = None
    interference: Interference | None = None
    isolation: Isolation = Isolation.NONE
    overlapping_experiment_count: int = 0
    independent_assignment: bool = True
    sample_ratio: SampleRatioPlan | None = None
    decision_rule: str = ""
    observations: Observations = Observations()

    @property
    def arm_count(self) -> int:
        """Returns the number of arms, the control included."""
        return len(self.plan.shares)

    @property
    def unit_count(self) -> int:
        """Returns how many units are analysed: the triggered ones where only those are."""
        return int(self.eligible_unit_count * (self.trigger_rate if self.triggered_analysis else 1.0))

    def metrics_of(self, role: MetricRole) -> tuple[DesignMetric, ...]:
        """Returns the metrics of a role, in order."""
        return tuple(metric for metric in self.metrics if metric.role is role)
