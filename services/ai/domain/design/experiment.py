"""The experiment that a design asks for: arms, metrics with their roles, split and traffic."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from services.ai.domain.design.engine import RecommendedDesign
from services.ai.domain.design.plan import DesignPlan
from services.ai.domain.metrics import MetricProfile
from shared.definition.allocation import AllocationPolicy, ArmWeight, FixedSplit
from shared.definition.model import (
    MAX_ABSOLUTE_VALUE,
    Arm,
    CombinationRule,
    Experiment,
    Metric,
    MetricKind,
    MetricRole,
    Traffic,
)
from shared.errors import FieldViolation, invalid_fields

ATTRIBUTION_WINDOW: Final = timedelta(days=7)
"""For how long after its first exposure a unit's outcomes count, where the test is not shorter."""


def experiment_of(
    design: RecommendedDesign,
    *,
    experiment_id: str,
    display_name: str = "",
    arms: Sequence[Arm] = (),
    labels: Mapping[str, str] = MappingProxyType({}),
) -> Experiment:
    """Returns the experiment that a design asks for, a draft.

    Args:
        design: That is recommended.
        experiment_id: Of the new experiment.
        display_name: Empty: the experiment id.
        arms: As many as the design has, the control first; empty: "control", "variant-1" and so on.
        labels: Of the new experiment.

    Raises:
        InvalidArgument: INVALID_FIELD: the arms do not fit the design.
    """
    plan, wishes = design.plan, design.wishes
    chosen = _arms(arms, len(plan.arm_shares))
    return Experiment(
        experiment_id=experiment_id,
        arms=chosen,
        metrics=tuple(_metrics(plan, wishes.metrics)),
        allocation_policy=_policy(plan, chosen),
        traffic=Traffic(share=plan.traffic_share),
        attribution_window=min(ATTRIBUTION_WINDOW, plan.duration),
        display_name=display_name,
        description=wishes.description,
        labels=dict(labels),
    )


def _arms(given: Sequence[Arm], count: int) -> tuple[Arm, ...]:
    if not given:
        return (Arm("control", control=True), *(Arm(f"variant-{place}") for place in range(1, count)))
    violations = [*_misfits(given, count)]
    if violations:
        raise invalid_fields(violations)
    return (replace(given[0], control=True), *given[1:])


def _misfits(given: Sequence[Arm], count: int) -> Iterator[FieldViolation]:
    if len(given) != count:
        yield FieldViolation("arms", f"there are {len(given)}, the design has {count}")
    ids = [arm.arm_id for arm in given]
    for place, arm in enumerate(given):
        if place and arm.control:
            yield FieldViolation(f"arms[{place}].control", "must not be set, as the control comes first")
        if arm.arm_id in ids[:place]:
            yield FieldViolation(f"arms[{place}].arm_id", f"{arm.arm_id} is there twice")


def _metrics(plan: DesignPlan, metrics: Sequence[MetricProfile]) -> Iterator[Metric]:
    known = {metric.metric_id: metric for metric in metrics}
    yield _metric(known[plan.primary_metric_id], MetricRole.PRIMARY)
    for metric_id in plan.guardrail_metric_ids:
        yield _metric(known[metric_id], MetricRole.GUARDRAIL)
    for metric_id in plan.secondary_metric_ids:
        yield _metric(known[metric_id], MetricRole.SECONDARY)


def _metric(profile: MetricProfile, role: MetricRole) -> Metric:
    rate = profile.kind is MetricKind.PROPORTION
    return Metric(
        profile.metric_id,
        profile.kind,
        role,
        profile.direction,
        CombinationRule.ANY if rate else CombinationRule.SUM,
        0.0 if rate else -MAX_ABSOLUTE_VALUE,
        1.0 if rate else MAX_ABSOLUTE_VALUE,
        profile.display_name,
        profile.revenue,
    )


def _policy(plan: DesignPlan, arms: Sequence[Arm]) -> AllocationPolicy:
    """Returns the plan's policy; a fixed split with unequal shares names its arms."""
    if plan.learns or len(set(plan.arm_shares)) == 1:
        return plan.allocation_policy
    weights = tuple(ArmWeight(arm.arm_id, share) for arm, share in zip(arms, plan.arm_shares, strict=True))
    return replace(plan.allocation_policy, algorithm=FixedSplit(weights))
