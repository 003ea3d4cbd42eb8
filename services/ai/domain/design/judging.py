"""Holds a plan against the rules of `shared.statistics.design`: nothing that breaks a blocking one is recommended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from services.ai.domain.design.plan import DesignFinding, DesignPlan, FindingSeverity
from services.ai.domain.design.sizing import Judging, margin_of, plain_baseline, plan_for, units_in, uses_covariate
from services.ai.domain.design.wishes import missing_of
from services.ai.domain.metrics import MetricProfile, TrafficProfile
from shared.definition.model import MetricDirection, MetricRole
from shared.errors import FieldViolation, invalid_fields
from shared.statistics.design.model import (
    BanditDesign,
    Design,
    DesignMetric,
    Hypothesis,
    Interference,
    Ramp,
    SampleRatioPlan,
)
from shared.statistics.design.severity import Severity
from shared.statistics.design.thresholds import DEFAULT, Profile
from shared.statistics.design.validate import Finding, validate
from shared.statistics.health.alarm import ALPHA

_SEVERITIES: Final = {
    Severity.ERROR: FindingSeverity.BLOCKING,
    Severity.WARNING: FindingSeverity.WARNING,
    Severity.INFO: FindingSeverity.NOTE,
}
_BASELINE_RULE: Final = "D08"
_HYPOTHESIS_RULE: Final = "D28"
_LATER_RULES: Final = frozenset({"D30", "D34", "D35"})
"""Rules on what is seen once the experiment runs."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Is what the rules say of a plan.

    Attributes:
        findings: The worst first.
        acceptable: Whether none of them blocks the plan.
        unchecked: What could not be judged, and what was missing, a sentence each.
    """

    findings: tuple[DesignFinding, ...]
    acceptable: bool
    unchecked: tuple[str, ...]


def judge(
    plan: DesignPlan,
    metrics: Sequence[MetricProfile],
    traffic: TrafficProfile,
    *,
    description: str = "",
    past_lifts: tuple[float, ...] = (),
) -> Judged:
    """Returns what the rules say of a plan.

    Args:
        plan: Recommended here, or somebody's own.
        metrics: With their baselines.
        traffic: That there is.
        description: What is to be tried; without one, whether a hypothesis is complete is not judged.
        past_lifts: Relative effects that earlier experiments had on the primary metric.

    Raises:
        InvalidArgument: INVALID_FIELD: the plan names metrics that are not given, or its numbers do not fit together.
    """
    _check(plan, metrics)
    found = validate(
        _design(plan, metrics, traffic, description, past_lifts), _profile(plan, metrics, traffic, description)
    )
    window = _window(_named(plan.primary_metric_id, metrics), traffic)
    findings = tuple(
        DesignFinding(one.rule_id, _SEVERITIES[one.severity], f"{_said(one, window)}; {one.fix}", one.source)
        for one in found.findings
    )
    unchecked = tuple(
        f"{one.title} ({one.rule_id}) is not checked: {one.because}"
        for one in found.not_checked
        if one.rule_id not in _LATER_RULES
    )
    return Judged(findings, found.is_recommendable, unchecked)


def _check(plan: DesignPlan, metrics: Sequence[MetricProfile]) -> None:
    known, violations = {metric.metric_id for metric in metrics}, []
    for field in ("secondary_metric_ids", "guardrail_metric_ids"):
        for place, metric_id in enumerate(getattr(plan, field)):
            if metric_id not in known:
                violations.append(FieldViolation(f"plan.{field}[{place}]", f"{metric_id} is not one of the metrics"))
    if plan.primary_metric_id not in known:
        violations.append(
            FieldViolation("plan.primary_metric_id", f"{plan.primary_metric_id} is not one of the metrics")
        )
    if len(plan.units_per_arm) not in (0, len(plan.arm_shares)):
        violations.append(FieldViolation("plan.units_per_arm", "must be one for each arm"))
    if plan.duration < timedelta(days=1):
        violations.append(FieldViolation("plan.duration", "must be a day or more"))
    if violations:
        raise invalid_fields(violations)


def _profile(plan: DesignPlan, metrics: Sequence[MetricProfile], traffic: TrafficProfile, description: str) -> Profile:
    """Returns the rules: for how long a baseline was measured is asked for, and its lack alone blocks nothing."""
    profile = DEFAULT if description.strip() else DEFAULT.without(_HYPOTHESIS_RULE)
    primary = _named(plan.primary_metric_id, metrics)
    unknown = _window(primary, traffic) is None and not missing_of(primary, "")
    return profile.with_severity(_BASELINE_RULE, Severity.WARNING) if unknown else profile


def _design(
    plan: DesignPlan,
    metrics: Sequence[MetricProfile],
    traffic: TrafficProfile,
    description: str,
    past_lifts: tuple[float, ...],
) -> Design:
    primary = _named(plan.primary_metric_id, metrics)
    guardrails = [_named(metric_id, metrics) for metric_id in plan.guardrail_metric_ids]
    judging = Judging(plan.arm_shares, plan.alpha, plan.power, plan.looking_policy, len(guardrails))
    whole = TrafficProfile(traffic.units_per_day, plan.traffic_share)
    weeks, days = divmod(plan.day_count, 7)
    eligible = units_in(weeks, whole, plan.ramp) + int(days * whole.participants_per_day)
    return Design(
        hypothesis=_hypothesis(plan, primary, description),
        metrics=(
            _metric(primary, MetricRole.PRIMARY, plan, traffic, past_lifts),
            *(_metric(one, MetricRole.GUARDRAIL, plan, traffic) for one in guardrails),
            *(_metric(_named(one, metrics), MetricRole.SECONDARY, plan, traffic) for one in plan.secondary_metric_ids),
        ),
        plan=plan_for(primary if plan.variance_reduction else replace(primary, pre_period_correlation=None), judging),
        days=plan.day_count,
        eligible_unit_count=eligible,
        bandit=_bandit(plan) if plan.learns else None,
        ramp=_ramp(plan) if plan.ramp else None,
        interference=Interference.NONE,
        sample_ratio=SampleRatioPlan(ALPHA, any_time=True),
        decision_rule=decision_rule(plan),
    )


def decision_rule(plan: DesignPlan) -> str:
    """Returns what is going to be done for which result: the rule by which the platform decides."""
    return (
        f"ship an arm whose {plan.primary_metric_id} is shown to be better, with every guardrail shown within its "
        "margin; roll back where harm is shown; stop at the planned end otherwise"
    )


def _named(metric_id: str, metrics: Sequence[MetricProfile]) -> MetricProfile:
    return next(metric for metric in metrics if metric.metric_id == metric_id)


def _metric(
    metric: MetricProfile,
    role: MetricRole,
    plan: DesignPlan,
    traffic: TrafficProfile,
    past_lifts: tuple[float, ...] = (),
) -> DesignMetric:
    known = not missing_of(metric, "")
    return DesignMetric(
        metric.metric_id,
        role,
        metric.direction,
        baseline=plain_baseline(metric) if known else None,
        baseline_days=_window(metric, traffic),
        minimum_lift=plan.relative_mde if role is MetricRole.PRIMARY else None,
        margin=margin_of(metric) if role is MetricRole.GUARDRAIL else None,
        covariate_correlation=metric.pre_period_correlation,
        covariate_used=plan.variance_reduction and uses_covariate(metric),
        past_lifts=past_lifts,
    )


def _window(metric: MetricProfile, traffic: TrafficProfile) -> int | None:
    """Returns for how many days the baseline was measured, by the units that it was measured on; None: not known."""
    return round(metric.unit_count / traffic.units_per_day) if metric.unit_count else None


def _said(one: Finding, window: int | None) -> str:
    """Returns what a rule found; of a baseline's window, which nobody said, how it was computed."""
    if one.rule_id != _BASELINE_RULE or one.severity is not Severity.WARNING or window is None:
        return one.message
    return f"{one.message} (days = the metric's unit_count / units_per_day)"


def _hypothesis(plan: DesignPlan, metric: MetricProfile, description: str) -> Hypothesis:
    up = metric.direction is MetricDirection.MAXIMIZE
    return Hypothesis(
        change=description,
        metric=metric.metric_id,
        direction="up" if up else "down",
        magnitude=f"by {plan.relative_mde:.3g} of its baseline or more",
        population="the units that take part",
    )


def _bandit(plan: DesignPlan) -> BanditDesign:
    controls = plan.allocation_policy.controls
    hours = controls.update_interval / timedelta(hours=1)
    return BanditDesign(
        update_interval_hours=hours,
        reward_lag_hours=hours,
        exploration_floor=controls.exploration_floor,
        first_batch_units_per_arm=controls.burn_in_unit_count,
        batch_count=int(plan.duration / controls.update_interval) if hours else plan.day_count * 24,
        propensities_logged=True,
    )


def _ramp(plan: DesignPlan) -> Ramp:
    """Returns the ramp: the arms' shares among those who take part stay as they are, so that steps may be pooled."""
    shares = (*(step.traffic_share / plan.traffic_share for step in plan.ramp), 1.0)
    return Ramp(tuple(sorted(shares)), gated=all(step.gate for step in plan.ramp), stratified=True)
