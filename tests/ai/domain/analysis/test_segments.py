"""Segments: what is told of each, with an allowance for how many there are, and that nothing is decided by them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from services.ai.domain.analysis.data import Aggregates
from services.ai.domain.analysis.engine import ExperimentAnalysis, analyze
from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.analysis.segments import SegmentComparison
from services.ai.domain.grounding.evidence import ComparisonStatus
from tests.ai.domain.analysis.examples import NOW
from tests.ai.domain.analysis.segmented import COUNTS, segmented, spending

AT_THE_END = AnalysisPlan(sample=PlannedSample(10_000, 0.1))


def analysed(data: Aggregates, plan: AnalysisPlan = AT_THE_END) -> ExperimentAnalysis:
    return analyze(data, plan, now=NOW)


def of(analysis: ExperimentAnalysis, segment: str, arm_id: str = "blue") -> SegmentComparison:
    return next(one for one in analysis.segments if (one.segment, one.comparison.arm_id) == (segment, arm_id))


@pytest.mark.parametrize("plan", [AT_THE_END, AnalysisPlan()])
def test_segments_when_there_are_some_then_the_verdict_and_all_else_are_as_without(plan: AnalysisPlan) -> None:
    data = segmented()

    found, without = analysed(data, plan), analysed(replace(data, segments=()), plan)

    assert (len(found.segments), without.segments) == (2, ())
    assert (found.verdict, found.comparisons, found.health) == (without.verdict, without.comparisons, without.health)
    assert (found.sample, found.rule, found.progress) == (without.sample, without.rule, without.progress)


def test_segments_when_one_alone_responds_then_it_is_better_and_differs_from_the_rest() -> None:
    found = analysed(segmented())

    mobile, desktop = of(found, "device=mobile"), of(found, "device=desktop")
    assert mobile.comparison.status is ComparisonStatus.BETTER
    assert desktop.comparison.status is ComparisonStatus.NO_DETECTABLE_CHANGE
    assert mobile.comparison.relative_lift is not None
    assert mobile.comparison.relative_lift.estimate == pytest.approx(0.5)
    assert (mobile.comparison.report.treatment_unit_count, mobile.comparison.report.control_unit_count) == (6_000,) * 2
    # Two segments that are all units are each other's rest: one test, told of both.
    assert mobile.interaction_p_value == pytest.approx(desktop.interaction_p_value)
    assert mobile.interaction_p_value is not None
    assert mobile.interaction_p_value < 0.001


def test_segments_when_they_are_two_then_intervals_and_p_values_allow_for_both() -> None:
    for plan in (AT_THE_END, AnalysisPlan()):
        for one in analysed(segmented(), plan).segments:
            raw = one.comparison.report.p_value
            assert one.comparison.report.confidence_level == 0.975
            assert isinstance(raw, float)
            assert one.comparison.p_value == pytest.approx(min(2 * raw, 1))


def test_segments_when_an_effect_would_be_one_alone_then_it_is_demoted() -> None:
    counts = {
        "device=mobile": {"control": (5_000, 500), "blue": (5_000, 565)},
        "device=desktop": {"control": (5_000, 500), "blue": (5_000, 500)},
    }

    mobile = of(analysed(segmented(counts)), "device=mobile").comparison

    assert mobile.demoted
    assert mobile.status is ComparisonStatus.NO_DETECTABLE_CHANGE


def test_segments_when_looks_are_many_then_intervals_hold_at_any_and_nothing_is_said_of_interactions() -> None:
    found = analysed(segmented(), AnalysisPlan())

    assert {one.interaction_p_value for one in found.segments} == {None}
    assert all(one.comparison.any_time_valid for one in found.segments)
    assert of(found, "device=mobile").comparison.status is ComparisonStatus.BETTER


def test_segments_when_one_has_few_units_then_it_is_not_judged_and_the_others_are() -> None:
    counts = {**COUNTS, "device=watch": {"control": (40, 4), "blue": (40, 39)}}

    found = analysed(segmented(counts))

    watch = of(found, "device=watch")
    assert watch.comparison.status is ComparisonStatus.INSUFFICIENT_DATA
    assert watch.interaction_p_value is None
    assert of(found, "device=mobile").comparison.status is ComparisonStatus.BETTER


def test_segments_when_an_arm_has_no_units_in_one_then_nothing_is_estimated_there() -> None:
    data = segmented({**COUNTS, "device=tablet": {"control": (500, 50), "blue": (0, 0)}})
    tablet = replace(data.segments[2], arms=data.segments[2].arms[:1])

    found = of(analysed(replace(data, segments=(*data.segments[:2], tablet))), "device=tablet").comparison

    assert (found.difference, found.p_value, found.arm_mean) == (None, None, None)
    assert found.status is ComparisonStatus.INSUFFICIENT_DATA


def test_segments_when_values_are_numbers_then_the_interaction_compares_lifts_in_and_outside() -> None:
    rng = np.random.default_rng(3)
    drawn = {
        f"device={device}": {arm: rng.gamma(4.0, level, 500) for arm, level in (("control", low), ("blue", high))}
        for device, low, high in (("a", 3.0, 3.3), ("b", 5.0, 5.0))
    }

    found = analysed(spending(drawn), AnalysisPlan(sample=PlannedSample(1_000, 0.1)))

    samples = [values for arms in drawn.values() for values in arms.values()]
    logs = [np.log(values.mean()) for values in samples]
    error = sum(values.var(ddof=1) / len(values) / values.mean() ** 2 for values in samples) ** 0.5
    alone = 2 * stats.norm.sf(abs((logs[1] - logs[0]) - (logs[3] - logs[2])) / error)
    # Holm doubles the smaller of two; with two thousand values Student's t is nearly normal.
    assert of(found, "device=a").interaction_p_value == pytest.approx(2 * alone, rel=0.02)


def test_segments_when_lifts_cannot_be_told_then_differences_are_compared() -> None:
    rng = np.random.default_rng(4)
    drawn = {
        f"device={device}": {"control": rng.normal(0, 1, 500), "blue": rng.normal(shift, 1, 500)}
        for device, shift in (("a", 0.8), ("b", 0.0))
    }

    one = of(analysed(spending(drawn), AnalysisPlan(sample=PlannedSample(1_000, 0.1))), "device=a")

    assert one.comparison.relative_lift is None
    assert one.interaction_p_value is not None
    assert one.interaction_p_value < 1e-6


def test_segments_when_nothing_differs_then_any_is_called_so_as_rarely_as_planned() -> None:
    rng, called, apart, repeats = np.random.default_rng(5), 0, 0, 120
    for _ in range(repeats):
        counts = {
            f"country={place}": {
                arm: (2_000, int(rng.binomial(2_000, 0.1 + 0.02 * place))) for arm in ("control", "blue", "red")
            }
            for place in range(5)
        }
        found = analysed(segmented(counts)).segments
        decided = (ComparisonStatus.BETTER, ComparisonStatus.WORSE)
        called += any(one.comparison.status in decided for one in found)
        apart += any((one.interaction_p_value or 1.0) < 0.05 for one in found)

    # Of 120 draws with a chance of 0.05 more than 14 come less than once in a thousand times.
    assert called <= 14
    assert apart <= 14
