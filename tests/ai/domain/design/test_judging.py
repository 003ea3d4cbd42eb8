"""Judging somebody's own plan: findings with rule, severity and source, and typed errors for what is no plan."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.ai.domain.design.engine import recommend
from services.ai.domain.design.judging import judge
from services.ai.domain.design.plan import DesignPlan, FindingSeverity
from services.ai.domain.looking import LookingPolicy
from services.ai.domain.metrics import TrafficProfile
from shared.errors import InvalidArgument, Reason
from tests.ai.domain.design.test_engine import CONVERSION, LATENCY, TRAFFIC, WISHES

METRICS = (CONVERSION, LATENCY)
PLAN = recommend(WISHES).plan


def severities(plan: DesignPlan, traffic: TrafficProfile = TRAFFIC) -> dict[str, FindingSeverity]:
    """Returns what the rules find of a plan."""
    return {one.rule_id: one.severity for one in judge(plan, METRICS, traffic).findings}


def test_judge_when_the_plan_is_sound_then_nothing_blocks_it() -> None:
    assert judge(PLAN, METRICS, TRAFFIC).acceptable


@pytest.mark.parametrize(
    ("plan", "rule", "severity"),
    [
        (replace(PLAN, duration=timedelta(days=5)), "D03", FindingSeverity.BLOCKING),
        (replace(PLAN, duration=timedelta(days=30)), "D04", FindingSeverity.WARNING),
        (replace(PLAN, alpha=0.2), "D02", FindingSeverity.BLOCKING),
        (replace(PLAN, relative_mde=0.02), "D07", FindingSeverity.BLOCKING),
        (replace(PLAN, guardrail_metric_ids=()), "D10", FindingSeverity.WARNING),
        (replace(PLAN, arm_shares=(0.98, 0.02), duration=timedelta(weeks=8)), "D15", FindingSeverity.WARNING),
        (replace(PLAN, arm_shares=(0.8, 0.2), duration=timedelta(weeks=8)), "D14", FindingSeverity.NOTE),
    ],
)
def test_judge_when_a_rule_is_broken_then_it_is_named_with_its_severity(
    plan: DesignPlan, rule: str, severity: FindingSeverity
) -> None:
    found = judge(plan, METRICS, TRAFFIC)

    assert severities(plan)[rule] is severity
    assert found.acceptable is all(one.severity is not FindingSeverity.BLOCKING for one in found.findings)
    assert all(one.message and one.source for one in found.findings)


def test_judge_when_looks_are_planned_or_free_then_they_cost_units() -> None:
    """With barely the units for one look, a design that may look at any time lacks power."""
    exact = replace(PLAN, ramp=(), duration=timedelta(weeks=2), guardrail_metric_ids=())
    traffic = TrafficProfile(31_234 * 2 / 14 + 1)

    assert "D01" not in severities(exact, traffic)
    assert severities(replace(exact, looking_policy=LookingPolicy.ANY_TIME), traffic)["D07"] is FindingSeverity.BLOCKING
    looks = severities(replace(exact, looking_policy=LookingPolicy.PLANNED_LOOKS), traffic)
    assert looks["D07"] is FindingSeverity.BLOCKING  # by the few per cent that an O'Brien-Fleming bound costs


def test_judge_when_a_baseline_is_of_many_units_then_says_how_its_days_were_computed() -> None:
    metrics = (replace(CONVERSION, unit_count=1_400_000), LATENCY)

    (found,) = (one for one in judge(PLAN, metrics, TRAFFIC).findings if one.rule_id == "D08")

    assert "comes from 140 days, not from 14 to 56 (days = the metric's unit_count / units_per_day)" in found.message


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        (replace(PLAN, primary_metric_id="clicks"), "plan.primary_metric_id"),
        (replace(PLAN, secondary_metric_ids=("clicks",)), "plan.secondary_metric_ids[0]"),
        (replace(PLAN, guardrail_metric_ids=("clicks",)), "plan.guardrail_metric_ids[0]"),
        (replace(PLAN, units_per_arm=(1, 2, 3)), "plan.units_per_arm"),
        (replace(PLAN, duration=timedelta(hours=3)), "plan.duration"),
        (replace(PLAN, arm_shares=(0.5, 0.6)), "shares"),
    ],
)
def test_judge_when_it_is_no_plan_then_the_field_is_named(plan: DesignPlan, field: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        judge(plan, METRICS, TRAFFIC)

    assert raised.value.reason is Reason.INVALID_FIELD
    assert [violation.field for violation in raised.value.violations] == [field]
