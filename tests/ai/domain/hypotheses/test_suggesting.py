from dataclasses import replace

import pytest
from hypothesis import given, settings

from services.ai.domain.grounding.hypotheses import check_hypotheses
from services.ai.domain.hypotheses.brief import Brief
from services.ai.domain.hypotheses.completion import completed
from services.ai.domain.hypotheses.gathering import known
from services.ai.domain.hypotheses.grounded import to_grounding
from services.ai.domain.hypotheses.linting.lexicon import MAGNITUDE
from services.ai.domain.hypotheses.model import EffectDirection, Hypothesis, HypothesisState, LiftRange
from services.ai.domain.hypotheses.suggesting import drafts, suggested
from services.ai.domain.hypotheses.wanted import wanted_direction
from shared.definition.model import MetricRole
from tests.ai.domain.hypotheses.examples import (
    CHECKOUT,
    LATENCY,
    REVENUE,
    TRAFFIC,
    inconclusive,
    knowing,
    lost,
    segmented,
    stored,
    won,
)
from tests.ai.domain.hypotheses.strategies import briefs

HISTORY = (
    won("e1", "Show a progress bar", 0.05),
    lost("e2", "Show fewer reviews", -0.04),
    inconclusive("e3", "Free shipping banner", 0.03),
    won("e4", "Sticky button", 0.03, tags=("cart",)),
)


@pytest.mark.parametrize("metric", [CHECKOUT, replace(CHECKOUT, baseline=None), segmented(CHECKOUT, a=0.2, b=0.2)])
def test_nothing_is_suggested_where_nothing_bears_it(metric: object) -> None:
    assert suggested(knowing(metrics=(metric, REVENUE))) == ()  # type: ignore[arg-type]


def test_no_more_are_suggested_than_are_wanted() -> None:
    assert [len(suggested(knowing(*HISTORY, max_count=count))) for count in (1, 3, 7)] == [1, 3, 3]


def test_the_generators_take_turns() -> None:
    found = suggested(knowing(*HISTORY, max_count=3, traffic=TRAFFIC))

    assert {one.intervention for one in found} == {
        "Show more reviews",
        "Try a stronger variant of the change of e1 (\u201cShow a progress bar\u201d)",
        "Test the change of e3 (\u201cFree shipping banner\u201d) again with a sample that decides",
    }


def test_what_is_stored_comes_last_and_says_so() -> None:
    old = stored("Show more reviews", HypothesisState.ACCEPTED)

    found = suggested(knowing(*HISTORY, max_count=7, stored=(old,)))

    assert [one.duplicate_of for one in found] == ["", "", "h-1"]


def test_the_same_is_not_suggested_twice() -> None:
    rows = (lost("e1", "Show fewer reviews"), lost("e2", "Show fewer of the reviews"))

    assert [one.intervention for one in suggested(knowing(*rows))] == ["Show more reviews"]


def test_results_are_the_same_each_time() -> None:
    knowledge = knowing(*HISTORY, metrics=(CHECKOUT, REVENUE, LATENCY), traffic=TRAFFIC)

    assert suggested(knowledge) == suggested(knowing(*HISTORY, metrics=(CHECKOUT, REVENUE, LATENCY), traffic=TRAFFIC))


@settings(max_examples=50, deadline=None)
@given(briefs())
def test_whatever_is_given_nothing_is_invented(brief: Brief) -> None:
    knowledge = known(brief)

    found = suggested(knowledge)

    assert len(found) <= brief.max_count
    assert found == suggested(known(brief))
    for one in found:
        _check(one, brief, known(brief).history[one.primary_metric_id].band)
        assert one.evidence_sha256 == knowledge.pack.sha256
        assert {fact for claim in one.because for fact in claim.evidence_ids} <= set(knowledge.pack.fact_by_id)


@settings(max_examples=50, deadline=None)
@given(briefs())
def test_whatever_is_given_drafts_pass_both_the_linter_and_the_validator(brief: Brief) -> None:
    knowledge = known(brief)

    for _, draft in drafts(knowledge):
        assert check_hypotheses([to_grounding(draft)], knowledge.pack)[1] == ()
        completion = completed(draft, knowledge)
        assert completion.hypothesis is not None
        assert not completion.hypothesis.ungrounded
        assert {one.field for one in completion.findings} <= {"metric"}


def _check(one: Hypothesis, brief: Brief, band: LiftRange | None) -> None:
    metric = {each.metric_id: each for each in brief.metrics}[one.primary_metric_id]
    assert metric.role is not MetricRole.GUARDRAIL
    assert one.expected_direction is wanted_direction(metric)
    assert 0 <= one.confidence.value <= 1
    assert one.score >= 0
    if one.expected_lift is not None:
        assert band is not None
        side = 1 if one.expected_direction is EffectDirection.INCREASE else -1
        sizes = sorted((side * one.expected_lift.low, side * one.expected_lift.high))
        assert band.low <= sizes[0] <= sizes[1] <= band.high
    assert one.because
    assert not MAGNITUDE.search(one.rationale)
    assert one.duplicate_of in {"", *(each.hypothesis_id for each in brief.stored)}
