"""Tests what of an analysis counts as the effect of a past experiment."""

from dataclasses import replace
from statistics import NormalDist

import pytest

from services.ai.domain.grounding.evidence import ComparisonStatus
from services.ai.domain.metrics import PastExperiment, PastOutcome
from services.ai.domain.past_effects import past_effect
from services.ai.domain.records import AnswerKind, AnswerRecord, ComparisonRecord, EstimateRecord
from shared.definition.model import MetricDirection, MetricRole
from shared.statistics.decision.verdict import Verdict
from tests.ai.store.examples import analysis, comparison

BETTER = comparison("better", 0.1, status=ComparisonStatus.BETTER)
WORSE = comparison("worse", -0.1, status=ComparisonStatus.WORSE)
UNKNOWN = comparison("unknown", None, status=ComparisonStatus.INSUFFICIENT_DATA)
ERROR = 0.02 / NormalDist().inv_cdf(0.975)


def told(*comparisons: ComparisonRecord, verdict: Verdict = Verdict.CONTINUE, arm_id: str = "") -> PastExperiment:
    found = past_effect(analysis("ana_1", comparisons=comparisons, verdict=verdict, arm_id=arm_id), "Shorten it")
    assert found is not None
    return found


def test_past_effect_when_nothing_shipped_then_of_the_arm_that_did_best() -> None:
    found = told(UNKNOWN, WORSE, BETTER)

    assert found == PastExperiment("checkout", "Shorten it", "rate", 0.1, found.standard_error, PastOutcome.WON)
    assert found.standard_error == pytest.approx(ERROR)


def test_past_effect_when_an_arm_shipped_then_its_own() -> None:
    assert told(BETTER, WORSE, verdict=Verdict.SHIP, arm_id="worse").outcome is PastOutcome.LOST


def test_past_effect_when_less_is_better_then_the_fall_did_best() -> None:
    less = [replace(one, direction=MetricDirection.MINIMIZE) for one in (BETTER, WORSE)]

    assert told(*less).relative_lift == -0.1


def test_past_effect_when_nothing_was_estimated_then_no_lift() -> None:
    assert told(UNKNOWN) == PastExperiment("checkout", "Shorten it", "rate", outcome=PastOutcome.INCONCLUSIVE)


@pytest.mark.parametrize(("low", "high"), [(None, 0.2), (0.0, None), (0.1, 0.1), (0.1, 0.1 + 1e-15), (-1e7, 1e7)])
def test_past_effect_when_nothing_bounds_the_lift_then_neither_lift_nor_error(
    low: float | None, high: float | None
) -> None:
    unbounded = replace(BETTER.answer, relative_lift=EstimateRecord(0.1, low, high))

    found = told(replace(BETTER, answer=unbounded))

    assert (found.relative_lift, found.standard_error, found.outcome) == (None, None, PastOutcome.WON)


def test_past_effect_when_the_lift_is_beyond_belief_then_it_is_not_told() -> None:
    beyond = replace(BETTER.answer, relative_lift=EstimateRecord(1e7, 1e7 - 1, 1e7 + 1))

    assert told(replace(BETTER, answer=beyond)).relative_lift is None


def test_past_effect_when_one_answer_holds_for_one_look_then_its_interval_tells_the_error() -> None:
    any_time = AnswerRecord(AnswerKind.ANY_TIME, "betting", 0.95, relative_lift=EstimateRecord(0.1, -0.5, 0.7))

    found = told(replace(BETTER, answer=any_time, other_answers=(BETTER.answer,)))

    assert found.standard_error == pytest.approx(ERROR)


def test_past_effect_when_no_primary_metric_was_compared_then_none() -> None:
    secondary = replace(BETTER, metric_role=MetricRole.SECONDARY)

    assert past_effect(analysis("ana_1", comparisons=(secondary,)), "Shorten it") is None
    assert past_effect(analysis("ana_1", comparisons=()), "Shorten it") is None
