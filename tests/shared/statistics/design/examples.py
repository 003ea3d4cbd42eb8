"""A design that keeps every rule, and ways to change one thing of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from shared.definition.model import MetricDirection, MetricRole
from shared.statistics.design.model import (
    BanditDesign,
    Design,
    DesignMetric,
    Hypothesis,
    Interference,
    Observations,
    Ramp,
    SampleRatioPlan,
)
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.plan import Plan

Change: TypeAlias = Callable[[Design], Design]

PURCHASE = DesignMetric(
    "purchase",
    MetricRole.PRIMARY,
    baseline=Baseline.proportion(0.10),
    baseline_days=28,
    minimum_lift=0.05,
    past_lifts=tuple(number / 1000 for number in range(1, 101)),
)
LATENCY = DesignMetric(
    "latency_ms",
    MetricRole.GUARDRAIL,
    MetricDirection.MINIMIZE,
    baseline=Baseline.mean(200.0, 100.0**2),
    baseline_days=28,
    margin=0.02,
)
REVENUE = replace(PURCHASE, metric_id="revenue", baseline=Baseline.mean(50.0, 40.0**2), skewness=2.0, minimum_lift=0.02)


def sound() -> Design:
    """Returns a design that keeps every rule; 154,650 units are needed and 180,000 come."""
    return Design(
        hypothesis=Hypothesis("a shorter form", "purchase", "up", "5 %", "new visitors"),
        metrics=(PURCHASE, LATENCY),
        plan=Plan(guardrail_count=1),
        days=14,
        eligible_unit_count=180_000,
        interference=Interference.NONE,
        sample_ratio=SampleRatioPlan(alpha=0.001, any_time=True),
        decision_rule="ship if purchase is up and latency is not worse by 2 %",
        observations=Observations(pre_period_p_value=0.4, multiple_exposure_share=0.001, lift=0.04),
    )


def sound_bandit() -> Design:
    """Returns a bandit that keeps every rule."""
    return replace(
        sound(),
        plan=Plan(shares=(0.2,) * 5, guardrail_count=1),
        eligible_unit_count=600_000,
        bandit=BanditDesign(
            update_interval_hours=24,
            reward_lag_hours=24,
            exploration_floor=0.05,
            first_batch_units_per_arm=100,
            batch_count=14,
            propensities_logged=True,
            effects_wanted=True,
        ),
    )


def with_(**fields: Any) -> Change:
    """Returns a change of the design's own fields."""
    return lambda design: replace(design, **fields)


def with_plan(**fields: Any) -> Change:
    """Returns a change of the plan."""
    return lambda design: replace(design, plan=replace(design.plan, **fields))


def with_primary(**fields: Any) -> Change:
    """Returns a change of the primary metric."""
    return lambda design: replace(design, metrics=(replace(design.metrics[0], **fields), *design.metrics[1:]))


def with_guardrail(**fields: Any) -> Change:
    """Returns a change of the guardrail."""
    return lambda design: replace(design, metrics=(design.metrics[0], replace(design.metrics[1], **fields)))


def with_observations(**fields: Any) -> Change:
    """Returns a change of what was seen."""
    return lambda design: replace(design, observations=replace(design.observations, **fields))


def with_bandit(**fields: Any) -> Change:
    """Returns a change of the bandit."""

    def change(design: Design) -> Design:
        assert design.bandit is not None
        return replace(design, bandit=replace(design.bandit, **fields))

    return change


def ramp(*shares: float, gated: bool = True, stratified: bool = True) -> Ramp:
    """Returns a plan for growing traffic."""
    return Ramp(shares, gated, stratified)


def both(*changes: Change) -> Change:
    """Returns all changes, one after the other."""

    def change(design: Design) -> Design:
        for each in changes:
            design = each(design)
        return design

    return change
