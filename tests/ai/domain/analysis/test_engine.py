"""The analysis of an experiment: numbers of the right methods, and a decision that needs all its conditions."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from scipy import stats

from services.ai.domain.analysis.data import Aggregates, ArmAggregate, MetricSums
from services.ai.domain.analysis.engine import ExperimentAnalysis, analyze
from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.analysis.sample_size import SampleSource
from services.ai.domain.grounding.evidence import ComparisonStatus
from services.ai.domain.looking import LookingPolicy
from shared.definition.model import MetricDirection, MetricRole
from shared.statistics.decision.verdict import ReasonCode, Verdict
from shared.statistics.health.finding import Check, Status
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.monitoring import AnyTime
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.sample_size import sample_size
from shared.statistics.result.method import Validity
from shared.statistics.result.report import NotEstimable
from shared.statistics.sequential.proportions import anytime_proportion_comparison
from tests.ai.domain.analysis.examples import (
    CONVERSION,
    LATENCY,
    NOW,
    REVENUE,
    conversions,
    experiment,
    values,
)

PLANNED = AnalysisPlan(sample=PlannedSample(10_000, 0.1))
WIN = experiment(conversions("control", 10_000, 1000), conversions("blue", 10_000, 1150))


def measured(arm_id: str, units: int, converted: int, latency: float) -> ArmAggregate:
    """Returns an arm with conversions and latencies."""
    sums = (MetricSums("conversion", converted), values("latency", units, latency, 50.0))
    return ArmAggregate(arm_id, arm_id == "control", 0.0, units, sums)


def guarded(latency: float, *, converted: int = 1150, units: int = 10_000) -> Aggregates:
    """Returns an experiment with a guardrail; the control's latency is 200."""
    arms = measured("control", units, 1000, 200.0), measured("blue", units, converted, latency)
    return experiment(*arms, metrics=(CONVERSION, LATENCY))


def health(analysis: ExperimentAnalysis) -> dict[Check, Status]:
    """Returns how each check ended."""
    return {one.finding.check: one.finding.status for one in analysis.health}


def test_analyze_when_the_planned_end_is_reached_then_the_score_test_decides() -> None:
    found = analyze(WIN, PLANNED, now=NOW)

    # The pooled z with Campbell's factor (N - 1) / N, by hand.
    pooled = 2150 / 20_000
    z = 0.015 / np.sqrt(pooled * (1 - pooled) * 2 / 10_000 * 20_000 / 19_999)
    (blue,) = found.comparisons
    assert blue.report.method.validity is Validity.FIXED_LOOK
    assert blue.p_value == pytest.approx(2 * stats.norm.sf(z), rel=1e-9)
    assert blue.relative_lift is not None
    assert blue.relative_lift.estimate == pytest.approx(0.15)
    assert (blue.control_mean, blue.arm_mean) == (0.1, 0.115)
    assert (found.verdict.verdict, found.verdict.arm_id) == (Verdict.SHIP, "blue")
    assert found.missing is None


def test_analyze_when_a_mean_is_judged_at_the_end_then_by_welch() -> None:
    metric = replace(REVENUE, role=MetricRole.PRIMARY)
    control = ArmAggregate("control", True, 0.0, 10_000, (values("revenue", 10_000, 5.0, 2.0),))
    blue = ArmAggregate("blue", False, 0.0, 10_000, (values("revenue", 10_000, 5.08, 3.0),))

    (one,) = analyze(experiment(control, blue, metrics=(metric,)), PLANNED, now=NOW).comparisons

    wanted = stats.ttest_ind_from_stats(5.08, 3.0, 10_000, 5.0, 2.0, 10_000, equal_var=False)
    assert one.p_value == pytest.approx(wanted.pvalue, rel=1e-6)


@pytest.mark.parametrize(
    "plan",
    [
        AnalysisPlan(),
        AnalysisPlan(sample=PlannedSample(20_000)),
        AnalysisPlan(sample=PlannedSample(10_000), looking=LookingPolicy.ANY_TIME),
        AnalysisPlan(sample=PlannedSample(10_000), looking=LookingPolicy.PLANNED_LOOKS),
    ],
)
def test_analyze_when_somebody_may_have_looked_before_then_by_sequences(plan: AnalysisPlan) -> None:
    (blue,) = analyze(WIN, plan, now=NOW).comparisons

    optimal = 2 * plan.sample.units_per_arm if plan.sample else 20_000
    wanted = anytime_proportion_comparison(1150, 10_000, 1000, 10_000, optimal_unit_count=optimal).report()
    assert blue.any_time_valid
    assert blue.report == wanted


def test_analyze_when_one_look_is_planned_then_nothing_ships_before_it() -> None:
    strong = experiment(conversions("control", 10_000, 1000), conversions("blue", 10_000, 1500))

    early = analyze(strong, AnalysisPlan(sample=PlannedSample(12_000)), now=NOW)
    free = analyze(strong, AnalysisPlan(sample=PlannedSample(12_000), looking=LookingPolicy.ANY_TIME), now=NOW)

    assert early.comparisons[0].status is ComparisonStatus.BETTER
    assert (early.verdict.verdict, free.verdict.verdict) == (Verdict.CONTINUE, Verdict.SHIP)
    assert early.missing is not None
    assert early.missing.unit_count == 4_000
    assert early.missing.day_count == 3  # 4,000 units at 20,000 in 14 days


@pytest.mark.parametrize(
    ("units", "days", "validity"),
    [
        (10_000, 14, Validity.FIXED_LOOK),
        (12_500, 14, Validity.FIXED_LOOK),
        (12_501, 14, Validity.ANY_TIME),  # long after the planned look
        (9_999, 14, Validity.ANY_TIME),
        (9_999, 28, Validity.FIXED_LOOK),  # the longest duration is over
        (10_000, 6, Validity.ANY_TIME),
    ],
)
def test_analyze_when_one_look_is_planned_then_it_is_taken_when_it_is_due(
    units: int, days: int, validity: Validity
) -> None:
    arms = conversions("control", units, 1000), conversions("blue", units, 1100)
    data = experiment(*arms, started_at=NOW - timedelta(days=days))

    found = analyze(data, replace(PLANNED, maximum_day_count=28), now=NOW)

    assert found.comparisons[0].report.method.validity is validity


def test_analyze_when_harm_is_shown_before_the_planned_look_then_roll_back() -> None:
    harmed = experiment(conversions("control", 5_000, 750), conversions("blue", 5_000, 500))

    found = analyze(harmed, PLANNED, now=NOW)

    assert found.comparisons[0].status is ComparisonStatus.WORSE
    assert found.verdict.verdict is Verdict.ROLL_BACK


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        (guarded(200.0), Verdict.SHIP),
        (guarded(203.0), Verdict.ROLL_BACK),
        (guarded(200.0, converted=1010), Verdict.STOP_INCONCLUSIVE),
        (guarded(200.0, converted=800), Verdict.ROLL_BACK),
        (replace(guarded(200.0), started_at=None), Verdict.CONTINUE),
        (replace(guarded(200.0), started_at=NOW - timedelta(days=6)), Verdict.CONTINUE),
        (replace(guarded(200.0), multiple_exposure_count=1_000), Verdict.INVESTIGATE),
        (experiment(measured("control", 10_000, 1000, 200.0), measured("blue", 9_000, 1150, 200.0),
                    metrics=(CONVERSION, LATENCY)), Verdict.INVESTIGATE),
        (replace(guarded(200.0), metrics=(CONVERSION, replace(LATENCY, relative_mde=1e-3))), Verdict.STOP_INCONCLUSIVE),
    ],
    ids=["all", "guardrail", "no effect", "harm", "no start", "six days", "two arms seen", "sample ratio", "not shown"],
)  # fmt: skip
def test_analyze_when_a_condition_is_missing_then_nothing_ships(data: Aggregates, verdict: Verdict) -> None:
    found = analyze(data, AnalysisPlan(sample=PlannedSample(9_500, 0.1)), now=NOW)

    assert found.verdict.verdict is verdict
    assert found.verdict.arm_id == ("blue" if verdict is Verdict.SHIP else "")


@pytest.mark.parametrize(
    ("converted", "status"),
    [(1150, ComparisonStatus.WORSE), (1000, ComparisonStatus.NO_DETECTABLE_CHANGE), (850, ComparisonStatus.BETTER)],
)
def test_analyze_when_lower_is_better_then_a_fall_is_good(converted: int, status: ComparisonStatus) -> None:
    falling = replace(CONVERSION, direction=MetricDirection.MINIMIZE)
    arms = conversions("control", 10_000, 1000), conversions("blue", 10_000, converted)

    assert analyze(experiment(*arms, metrics=(falling,)), PLANNED, now=NOW).comparisons[0].status is status


def test_analyze_when_the_control_is_below_zero_then_the_lift_has_the_sign_of_the_difference() -> None:
    metric = replace(REVENUE, role=MetricRole.PRIMARY, relative_mde=0.01)
    control = ArmAggregate("control", True, 0.0, 10_000, (values("revenue", 10_000, -5.0, 2.0),))
    blue = ArmAggregate("blue", False, 0.0, 10_000, (values("revenue", 10_000, -4.5, 2.0),))

    found = analyze(experiment(control, blue, metrics=(metric,)), PLANNED, now=NOW)

    lift = found.comparisons[0].relative_lift
    assert lift is not None
    assert lift.estimate == pytest.approx(0.1)
    assert lift.low < lift.estimate < lift.high
    assert found.comparisons[0].status is ComparisonStatus.BETTER
    assert found.verdict.verdict is Verdict.SHIP


def test_analyze_when_several_treatments_are_compared_then_the_primary_family_shares_alpha() -> None:
    arms = [conversions("control", 10_000, 1000)] + [
        conversions(arm_id, 10_000, hits) for arm_id, hits in (("blue", 1150), ("green", 1090), ("red", 1000))
    ]

    found = analyze(experiment(*arms), PLANNED, now=NOW)
    alone = [analyze(experiment(arms[0], arm), PLANNED, now=NOW).comparisons[0] for arm in arms[1:]]

    assert [one.p_value for one in found.comparisons] == [min(1.0, 3 * (one.p_value or 0)) for one in alone]
    assert [one.report.confidence_level for one in found.comparisons] == [pytest.approx(1 - 0.05 / 3)] * 3
    assert [one.demoted for one in found.comparisons] == [False, True, False]
    assert [one.status for one in alone[:2]] == [ComparisonStatus.BETTER] * 2
    assert found.comparisons[1].status is ComparisonStatus.NO_DETECTABLE_CHANGE


def test_analyze_when_there_are_secondary_metrics_then_their_false_findings_are_controlled() -> None:
    metrics = [replace(REVENUE, metric_id=f"m{place}") for place in range(6)]
    means = [5.0, 5.05, 5.06, 5.07, 5.09, 5.1]

    def arm(arm_id: str, levels: list[float]) -> ArmAggregate:
        sums = [values(metric.metric_id, 10_000, level, 2.0) for metric, level in zip(metrics, levels, strict=True)]
        return ArmAggregate(arm_id, arm_id == "control", 0.0, 10_000, (MetricSums("conversion", 1000), *sums))

    data = experiment(arm("control", [5.0] * 6), arm("blue", means), metrics=(CONVERSION, *metrics))
    found = [one for one in analyze(data, PLANNED, now=NOW).comparisons if one.role is MetricRole.SECONDARY]

    raw = [stats.ttest_ind_from_stats(mean, 2.0, 10_000, 5.0, 2.0, 10_000).pvalue for mean in means]
    wanted = stats.false_discovery_control(raw, method="bh")
    assert [one.p_value for one in found] == pytest.approx(list(wanted), rel=1e-6)
    assert [one.status is ComparisonStatus.BETTER for one in found] == [bool(p < 0.05) for p in wanted]


def test_analyze_when_there_are_no_units_then_it_says_so_and_invents_nothing() -> None:
    found = analyze(experiment(conversions("control", 0, 0), conversions("blue", 0, 0)), AnalysisPlan(), now=NOW)

    (blue,) = found.comparisons
    assert blue.status is ComparisonStatus.INSUFFICIENT_DATA
    assert (blue.control_mean, blue.arm_mean, blue.relative_lift, blue.p_value) == (None, None, None, None)
    assert (found.sample.required_unit_count, found.sample.detectable_lift, found.missing) == (None, None, None)
    assert health(found)[Check.SAMPLE_RATIO] is Status.NOT_ESTIMABLE
    assert health(found)[Check.MINIMUM_DATA] is Status.NOT_ESTIMABLE
    assert found.verdict.verdict is Verdict.CONTINUE
    assert ReasonCode.TOO_LITTLE_DATA in {reason.code for reason in found.verdict.treatments[0].reasons}


def test_analyze_when_an_arm_was_not_measured_then_its_comparison_has_too_little_data() -> None:
    data = guarded(200.0)
    blind = replace(data.arms[1], sums=data.arms[1].sums[:1])

    found = analyze(replace(data, arms=(data.arms[0], blind)), AnalysisPlan(sample=PlannedSample(9_500)), now=NOW)

    (latency,) = (one for one in found.comparisons if one.role is MetricRole.GUARDRAIL)
    assert latency.status is ComparisonStatus.INSUFFICIENT_DATA
    assert isinstance(latency.report.lift, NotEstimable)
    assert found.verdict.verdict is Verdict.STOP_INCONCLUSIVE


def test_analyze_when_few_converted_then_no_change_is_not_said() -> None:
    found = analyze(experiment(conversions("control", 900, 90), conversions("blue", 900, 95)), PLANNED, now=NOW)

    assert found.comparisons[0].status is ComparisonStatus.INSUFFICIENT_DATA


def test_analyze_when_nothing_was_planned_then_the_units_that_it_takes_are_computed() -> None:
    found = analyze(WIN, AnalysisPlan(), now=NOW)

    wanted = sample_size(Baseline.proportion(0.1), Plan(monitoring=AnyTime()), difference=0.01).arms.sum()
    assert found.sample.source is SampleSource.COMPUTED
    assert found.sample.required_unit_count == int(wanted)
    assert found.sample.relative_mde == 0.1
    assert found.sample.missing_unit_count == int(wanted) - 20_000


def test_analyze_when_a_lift_is_twice_what_it_was_made_for_then_it_is_doubted() -> None:
    data = experiment(conversions("control", 10_000, 1000), conversions("blue", 10_000, 1300))

    doubted, believed = (
        health(analyze(data, AnalysisPlan(sample=PlannedSample(10_000, mde)), now=NOW)) for mde in (0.1, 0.2)
    )

    assert (doubted[Check.SURPRISING_LIFT], believed[Check.SURPRISING_LIFT]) == (Status.WARN, Status.PASS)


@pytest.mark.parametrize(("hours", "status"), [(1, Status.PASS), (30, Status.WARN), (1000, Status.WARN)])
def test_analyze_when_given_sums_are_old_then_a_warning_at_most(hours: int, status: Status) -> None:
    found = analyze(WIN, PLANNED, now=NOW + timedelta(hours=hours))

    assert health(found)[Check.FRESHNESS] is status


def test_analyze_when_no_metric_is_marked_then_the_first_decides() -> None:
    unmarked = tuple(replace(metric, role=None) for metric in (CONVERSION, LATENCY))

    found = analyze(replace(guarded(200.0), metrics=unmarked), PLANNED, now=NOW)

    assert [one.role for one in found.comparisons] == [MetricRole.PRIMARY, MetricRole.SECONDARY]
