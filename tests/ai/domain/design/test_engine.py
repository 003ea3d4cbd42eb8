"""Recommended designs: numbers of the power engine, rules kept, and questions where something is missing."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from services.ai.domain.design.engine import RecommendedDesign, recommend
from services.ai.domain.design.judging import judge
from services.ai.domain.design.plan import FindingSeverity
from services.ai.domain.design.wishes import DesignAim, DesignWishes
from services.ai.domain.looking import LookingPolicy
from services.ai.domain.metrics import MetricProfile, TrafficProfile
from shared.definition.allocation import BetaThompson, FixedSplit, GaussianThompson, TopTwoThompson
from shared.definition.model import MetricDirection, MetricKind, MetricRole
from shared.errors import InvalidArgument, Reason
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.minimum_effect import minimum_effect
from shared.statistics.planning.plan import Plan, StandardError

CONVERSION = MetricProfile(
    "conversion", MetricKind.PROPORTION, baseline=0.05, relative_mde=0.1, role=MetricRole.PRIMARY, unit_count=280_000
)
REVENUE = MetricProfile("revenue", MetricKind.MEAN, baseline=5.0, standard_deviation=20.0, revenue=True)
LATENCY = MetricProfile(
    "latency",
    MetricKind.MEAN,
    direction=MetricDirection.MINIMIZE,
    role=MetricRole.GUARDRAIL,
    baseline=200.0,
    standard_deviation=80.0,
    relative_mde=0.02,
)
TRAFFIC = TrafficProfile(10_000)
WISHES = DesignWishes("a shorter form", (CONVERSION, LATENCY), TRAFFIC)


def blocking(design: RecommendedDesign) -> set[str]:
    """Returns the rules that block a design."""
    return {one.rule_id for one in design.judged.findings if one.severity is FindingSeverity.BLOCKING}


def test_recommend_when_two_arms_of_a_rate_then_the_units_of_the_score_test() -> None:
    """Fleiss, Levin and Paik 2003, eq. 4.14, without continuity correction."""
    found = recommend(replace(WISHES, metrics=(CONVERSION,)))

    p, q = 0.05, 0.055
    middle, z_alpha, z_beta = (p + q) / 2, stats.norm.isf(0.025), stats.norm.isf(0.2)
    spread = z_alpha * math.sqrt(2 * middle * (1 - middle)) + z_beta * math.sqrt(p * (1 - p) + q * (1 - q))
    assert found.plan.units_per_arm == (math.ceil((spread / (q - p)) ** 2),) * 2
    assert found.recommended


def test_recommend_when_a_guardrail_watches_then_power_is_shared_and_both_are_shown() -> None:
    found = recommend(WISHES)

    # A guardrail's own need: non-inferior by 2 % at one side of a two-sided 95 % interval, with beta / 2 for each test.
    margin, reach = 0.02 * 200.0, stats.norm.isf(0.025) + stats.norm.isf(0.1)
    latency = reach**2 * 80.0**2 * (1 + (1 + 0.02) ** 2) / margin**2
    alone = recommend(replace(WISHES, metrics=(CONVERSION,)))
    assert found.plan.guardrail_metric_ids == ("latency",)
    assert found.required_units > alone.required_units
    assert latency < found.plan.units_per_arm[0] == found.required_units[0]
    assert found.guardrails_reachable
    assert found.recommended
    assert (
        f"the power is that of conversion and the guardrails (latency) together: it takes {found.plan.unit_count:,} "
        f"units, and conversion alone would take {alone.plan.unit_count:,}"
    ) in found.assumptions
    assert not any("guardrail" in one for one in alone.assumptions)


def test_recommend_when_a_guardrail_takes_more_units_then_the_plan_has_them() -> None:
    strict = replace(LATENCY, relative_mde=0.005)

    found = recommend(replace(WISHES, metrics=(CONVERSION, strict)))

    margin, reach = 0.005 * 200.0, stats.norm.isf(0.025) + stats.norm.isf(0.1)
    wanted = reach**2 * 80.0**2 * (1 + (1 + 0.005) ** 2) / margin**2
    assert found.plan.units_per_arm[0] == pytest.approx(wanted, abs=3)
    assert found.required_units[0] < found.plan.units_per_arm[0]
    assert "D11" not in {one.rule_id for one in found.judged.findings}
    said = "the guardrail latency sets the sample: to be shown within its margin of 0.5% it takes "
    assert any(one.startswith(said) for one in found.assumptions)


def test_recommend_when_traffic_comes_then_the_fewest_whole_weeks_after_a_ramp() -> None:
    found = recommend(WISHES)

    lost = (0.95 + 0.8 + 0.5) * 10_000
    weeks = math.ceil((found.plan.unit_count + lost) / 70_000)
    assert found.plan.duration == timedelta(weeks=max(weeks, 2))
    assert [step.traffic_share for step in found.plan.ramp] == [0.05, 0.2, 0.5]
    assert any("has 100% of the units from its start" in one for one in found.assumptions)
    assert found.available_units == found.weeks * 70_000 - lost


def test_recommend_when_weeks_are_tabled_then_each_has_its_least_lift() -> None:
    found = recommend(replace(WISHES, metrics=(CONVERSION,)))

    plan = Plan(standard_error=StandardError.POOLED)
    units = [70_000 * weeks - 22_500 for weeks in range(1, 9)]
    wanted = minimum_effect(Baseline.proportion(0.05), plan, unit_count=units).lift
    assert [one.week_count for one in found.detectable_lifts] == list(range(1, 9))
    assert [one.relative_lift for one in found.detectable_lifts] == pytest.approx(wanted.tolist())
    assert [one.units_per_arm for one in found.detectable_lifts] == [count // 2 for count in units]


@pytest.mark.parametrize(
    ("aim", "arms", "metric", "algorithm", "looking"),
    [
        (DesignAim.LEARN, 2, CONVERSION, FixedSplit, LookingPolicy.AT_END),
        (DesignAim.LEARN, 4, CONVERSION, FixedSplit, LookingPolicy.AT_END),
        (DesignAim.EARN, 2, CONVERSION, FixedSplit, LookingPolicy.ANY_TIME),
        (DesignAim.EARN, 4, CONVERSION, BetaThompson, LookingPolicy.ANY_TIME),
        (DesignAim.EARN, 4, replace(REVENUE, role=MetricRole.PRIMARY), GaussianThompson, LookingPolicy.ANY_TIME),
        (DesignAim.PICK, 4, CONVERSION, TopTwoThompson, LookingPolicy.ANY_TIME),
    ],
)
def test_recommend_when_aims_differ_then_the_algorithm_and_the_looks_suit_them(
    aim: DesignAim, arms: int, metric: MetricProfile, algorithm: type, looking: LookingPolicy
) -> None:
    found = recommend(
        replace(WISHES, metrics=(metric, LATENCY), aim=aim, arm_count=arms, traffic=TrafficProfile(100_000))
    )

    assert type(found.plan.allocation_policy.algorithm) is algorithm
    assert found.plan.looking_policy is looking
    assert found.recommended
    if found.plan.learns:
        controls = found.plan.allocation_policy.controls
        assert controls.exploration_floor == min(0.05, 0.5 / arms)
        assert controls.guardrail_pause is not None
        assert controls.guardrail_pause.margin == 0.02
        assert found.plan.arm_shares == (1 / arms,) * arms


def test_recommend_when_three_treatments_share_a_control_then_it_gets_the_square_root_of_their_share() -> None:
    three, two = (recommend(replace(WISHES, arm_count=arms)).plan.arm_shares for arms in (4, 3))

    assert three == pytest.approx([math.sqrt(3) / (3 + math.sqrt(3))] + [1 / (3 + math.sqrt(3))] * 3)
    assert two == (1 / 3,) * 3  # it would save less than 5 %


def test_recommend_when_values_from_before_the_start_help_then_fewer_units_and_it_says_so() -> None:
    metric = replace(REVENUE, role=MetricRole.PRIMARY, pre_period_correlation=0.6)

    found = recommend(replace(WISHES, metrics=(metric, LATENCY)))

    assert found.plan.variance_reduction
    assert found.required_units[0] / found.units_without_covariate[0] == pytest.approx(1 - 0.6**2, rel=1e-3)
    assert "the analysis adjusts for each unit's value from before the start" in found.assumptions


def test_recommend_when_too_few_units_come_then_not_recommended() -> None:
    found = recommend(replace(WISHES, traffic=TrafficProfile(100)))

    assert not found.reachable
    assert not found.recommended
    assert blocking(found) == {"D01", "D07"}
    assert found.weeks == 8


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"alpha": 0.1}, "D02"),
        ({"description": " "}, None),
        ({"max_duration": timedelta(weeks=20), "traffic": TrafficProfile(900)}, "D05"),
    ],
)
def test_recommend_when_a_rule_blocks_then_not_recommended(changes: dict[str, object], rule: str | None) -> None:
    found = recommend(replace(WISHES, **changes))  # type: ignore[arg-type]

    assert blocking(found) == ({rule} if rule else set())
    assert found.recommended is (rule is None)


def test_recommend_when_no_metric_is_marked_then_the_one_that_takes_the_fewest_units() -> None:
    steady = replace(REVENUE, metric_id="steady", standard_deviation=1.0, revenue=False)
    free = replace(CONVERSION, role=None)

    found = recommend(replace(WISHES, metrics=(free, REVENUE, steady)))

    assert found.plan.primary_metric_id == "steady"
    assert found.plan.guardrail_metric_ids == ("revenue",)
    assert found.plan.secondary_metric_ids == ("conversion",)


@pytest.mark.parametrize("role", [None, MetricRole.SECONDARY])
def test_recommend_when_no_guardrail_is_marked_then_one_is_chosen_and_it_says_so(role: MetricRole | None) -> None:
    found = recommend(replace(WISHES, metrics=(CONVERSION, replace(REVENUE, role=role))))

    assert found.plan.guardrail_metric_ids == ("revenue",)
    assert "revenue watches for harm, as no metric is marked to" in found.assumptions


def test_recommend_when_nobody_says_what_matters_then_five_percent_and_it_says_so() -> None:
    found = recommend(replace(WISHES, metrics=(replace(CONVERSION, relative_mde=None),)))

    assert found.plan.relative_mde == 0.05
    assert any("as nobody said" in one for one in found.assumptions)
    assert recommend(replace(WISHES, relative_mde=0.2)).plan.relative_mde == 0.2


@pytest.mark.parametrize(
    ("wishes", "fields"),
    [
        (replace(WISHES, metrics=(replace(CONVERSION, baseline=None),)), ["metrics[0].baseline"]),
        (replace(WISHES, metrics=(replace(CONVERSION, baseline=0.0),)), ["metrics[0].baseline"]),
        (replace(WISHES, metrics=(replace(CONVERSION, baseline=1.5),)), ["metrics[0].baseline"]),
        (replace(WISHES, metrics=(replace(REVENUE, standard_deviation=None),)), ["metrics[0].standard_deviation"]),
        (replace(WISHES, metrics=(replace(REVENUE, baseline=0.0),)), ["metrics[0].baseline"]),
        (replace(WISHES, metrics=()), ["metrics"]),
        (replace(WISHES, metrics=(CONVERSION, CONVERSION)), ["metrics[1].metric_id"]),
        (replace(WISHES, primary_metric_id="clicks"), ["primary_metric_id"]),
        (replace(WISHES, traffic=TrafficProfile(0)), ["traffic.units_per_day"]),
        (replace(WISHES, traffic=TrafficProfile(10, 0)), ["traffic.share"]),
        (replace(WISHES, arm_count=65), ["arm_count"]),
        (replace(WISHES, relative_mde=-0.1), ["relative_mde"]),
        (replace(WISHES, relative_mde=10.0, metrics=(replace(CONVERSION, baseline=0.5),)), ["relative_mde"]),
        (replace(WISHES, max_duration=timedelta(days=6)), ["max_duration"]),
        (replace(WISHES, alpha=0.5, power=0.5), ["alpha", "power"]),
    ],
)
def test_recommend_when_something_is_missing_or_wrong_then_it_asks(wishes: DesignWishes, fields: list[str]) -> None:
    with pytest.raises(InvalidArgument) as raised:
        recommend(wishes)

    assert raised.value.reason is Reason.INVALID_FIELD
    assert [violation.field for violation in raised.value.violations] == fields


@settings(max_examples=25, deadline=None)
@given(
    baseline=st.floats(0.001, 0.5),
    traffic=st.floats(50, 1e6),
    arm_count=st.integers(2, 8),
    aim=st.sampled_from(DesignAim),
    weeks=st.integers(1, 12),
    mde=st.floats(0.01, 0.3),
)
def test_recommend_whatever_the_wishes_then_the_plan_is_one(  # noqa: PLR0917
    baseline: float, traffic: float, arm_count: int, aim: DesignAim, weeks: int, mde: float
) -> None:
    wishes = DesignWishes(
        "a shorter form",
        (replace(CONVERSION, baseline=baseline, relative_mde=mde), LATENCY),
        TrafficProfile(traffic),
        arm_count=arm_count,
        aim=aim,
        max_duration=timedelta(weeks=weeks),
    )

    found = recommend(wishes)

    assert sum(found.plan.arm_shares) == pytest.approx(1)
    assert found.plan.duration % timedelta(weeks=1) == timedelta(0)
    assert timedelta(weeks=1) <= found.plan.duration <= wishes.max_duration
    assert found.recommended is (not blocking(found))
    assert found.recommended <= found.reachable
    assert np.all(np.diff([one.relative_lift for one in found.detectable_lifts]) < 0)
    assert judge(found.plan, wishes.metrics, wishes.traffic, description="a shorter form") == found.judged
