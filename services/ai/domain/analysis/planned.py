"""How an experiment is judged that was made of a design: as the design declared before its start."""

from collections.abc import Sequence
from dataclasses import replace

from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.design.engine import RecommendedDesign
from services.ai.domain.looking import LookingPolicy
from services.ai.domain.metrics import MetricProfile

UNPLANNED = AnalysisPlan(looking=LookingPolicy.ANY_TIME)
"""Where nobody declared anything: what holds at any look."""


def plan_of(design: RecommendedDesign) -> AnalysisPlan:
    """Returns the plan: it ends with its units, or with the longest time that was asked for."""
    plan = design.plan
    arm_count = len(plan.units_per_arm)
    return AnalysisPlan(
        alpha=plan.alpha,
        sample=PlannedSample(-(-plan.unit_count // arm_count), plan.relative_mde),
        looking=plan.looking_policy,
        maximum_day_count=7 * design.wishes.most_weeks,
    )


def with_margins(metrics: Sequence[MetricProfile], design: RecommendedDesign) -> tuple[MetricProfile, ...]:
    """Returns the metrics with the lifts that the design calls the smallest that matter, where they say none."""
    declared = {metric.metric_id: metric.relative_mde for metric in design.wishes.metrics}
    return tuple(
        metric if metric.relative_mde is not None else replace(metric, relative_mde=declared.get(metric.metric_id))
        for metric in metrics
    )
