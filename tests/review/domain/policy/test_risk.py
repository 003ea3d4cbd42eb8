"""The risk score."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.review.domain import changes
from services.review.domain.policy import facts, risk
from services.review.domain.policy.catalogue import FACTS, FactType, FactValue
from services.review.domain.policy.risk import RiskFactor
from shared.definition import model
from tests.review.domain.policy import strategies
from tests.review.domain.policy.cases import WITH_EARNINGS_GUARDRAIL, days, facts_of, paused
from tests.review.examples import CONTROL, CONVERSION, NOW, THIRD, TREATMENT, draft, running, split, stopped

TERMS = (*risk.DEEDS, *risk.CIRCUMSTANCES)
SOON = {"now": NOW}
FOUR_WEEKS_ON = {"now": NOW + days(28)}


def _points(change: changes.Change, before: model.Experiment, **known: Any) -> dict[str, Any]:
    found = risk.assess(facts_of(change, before, **known))
    assert found.score == min(100.0, math.fsum(factor.points for factor in found.factors))
    return {factor.fact: pytest.approx(factor.points) for factor in found.factors}


def test_assess_when_a_small_experiment_starts_then_it_adds_up() -> None:
    before = draft(traffic=model.Traffic(0.1))

    assert _points(changes.Start(), before) == {"begins_serving": 10, "traffic_share": 2, "arm_count": 1}


def test_assess_when_a_paused_arm_is_shipped_against_an_analysis_then_it_is_high() -> None:
    before = running(metrics=WITH_EARNINGS_GUARDRAIL)
    known = {"paused_arm_ids": frozenset({"treatment"}), "analysis_disagrees": True, **FOUR_WEEKS_ON}

    assert _points(changes.Stop("treatment"), before, **known) == {
        "ships_arm": 20,
        "ships_paused_arm": 40,
        "traffic_share": 20,
        "arm_count": 1,
        "running_days": 10,
        "revenue_metric": 10,
        "revenue_guardrail": 10,
        "analysis_disagrees": 20,
    }
    assert risk.assess(facts_of(changes.Stop("treatment"), before, **known)).score == 100


def test_assess_when_arms_and_weights_move_then_each_counts() -> None:
    before = running(traffic=model.Traffic(0.5))
    change = changes.EditArms((CONTROL, THIRD), split(("control", 0.25), ("third", 0.75)))

    assert _points(change, before, **SOON) == {
        "weight_change": 15,
        "arms_added": 5,
        "arms_removed": 5,
        "traffic_share": 10,
        "arm_count": 1,
    }


def test_assess_when_factors_differ_then_the_heaviest_comes_first_and_tells_its_value() -> None:
    first, second, _ = risk.assess(facts_of(changes.Start(), draft(traffic=model.Traffic(0.8)))).factors

    assert first == RiskFactor("traffic_share", 16.0, "share of units that take part: 0.8")
    assert second == RiskFactor("begins_serving", 10.0, "units begin to get the arms")


@pytest.mark.parametrize(
    ("change", "before"),
    [
        (changes.Pause(), running()),
        (changes.Stop(), running()),
        (changes.Stop("control"), paused()),
        (changes.EditDetails("Name", "Words", {"team": "pay"}), running()),
        (changes.EditDetails("Name"), stopped()),
        (changes.EditTraffic(model.Traffic()), running()),
        (changes.EditTraffic(model.Traffic(0.5)), draft()),
        (changes.EditArms((CONTROL, TREATMENT, THIRD)), draft()),
        (changes.EditMetrics((CONVERSION,)), draft()),
    ],
)
def test_assess_when_no_unit_can_tell_then_it_is_0(change: changes.Change, before: model.Experiment) -> None:
    assert risk.assess(facts_of(change, before)) == risk.Risk(0.0, ())


def test_assess_when_the_rules_are_edited_then_it_is_half() -> None:
    found = risk.assess(facts.of_policy_edit())

    assert (found.score, [factor.fact for factor in found.factors]) == (50, ["change_kind"])


NUMERIC = [term for term in TERMS if FACTS[term.fact].type is FactType.NUMBER]


@pytest.mark.parametrize("term", NUMERIC)
def test_assess_when_a_number_is_beyond_measure_then_it_adds_its_most(term: risk.Term) -> None:
    known = {**facts_of(changes.Stop("treatment"), running()), term.fact: 1e6}

    points = {factor.fact: factor.points for factor in risk.assess(known).factors}

    assert points[term.fact] == term.most


@pytest.mark.parametrize("term", TERMS)
def test_assess_when_a_fact_is_not_known_then_it_counts_in_full(term: risk.Term) -> None:
    known = {**facts_of(changes.Stop("treatment"), running())}
    known.pop(term.fact)

    factors = risk.assess(known).factors

    assert RiskFactor(term.fact, term.most, f"{term.words}: not known, which counts in full") in factors


def test_assess_when_nothing_at_all_is_known_then_it_is_the_most() -> None:
    assert risk.assess({}).score == 100


@settings(deadline=None)
@given(strategies.some_facts)
def test_assess_when_facts_are_of_any_kind_then_it_is_from_0_to_100(some: dict[str, FactValue]) -> None:
    found = risk.assess(some)

    assert 0 <= found.score <= 100
    assert all(factor.points > 0 for factor in found.factors)


NUMBERS = [term.fact for term in NUMERIC]
FLAGS = [term.fact for term in TERMS if FACTS[term.fact].type is FactType.FLAG]


@settings(deadline=None)
@given(strategies.complete_facts, st.sampled_from(NUMBERS), st.floats(0, 10), st.floats(0, 10))
def test_assess_when_a_number_grows_then_it_does_not_fall(
    known: dict[str, FactValue], name: str, one: float, other: float
) -> None:
    less, more = sorted((one, other))

    assert risk.assess({**known, name: less}).score <= risk.assess({**known, name: more}).score


@settings(deadline=None)
@given(strategies.complete_facts, st.sampled_from(FLAGS))
def test_assess_when_a_flag_is_set_then_it_does_not_fall(known: dict[str, FactValue], name: str) -> None:
    assert risk.assess({**known, name: False}).score <= risk.assess({**known, name: True}).score


@settings(deadline=None)
@given(strategies.complete_facts, st.sampled_from(NUMBERS + FLAGS))
def test_assess_when_a_fact_is_no_longer_known_then_it_does_not_fall(known: dict[str, FactValue], name: str) -> None:
    without = {fact: value for fact, value in known.items() if fact != name}

    assert risk.assess(known).score <= risk.assess(without).score


@settings(deadline=None)
@given(st.floats(0.01, 1), st.floats(0.01, 1))
def test_assess_when_traffic_moves_further_up_then_it_does_not_fall(one: float, other: float) -> None:
    less, more = sorted((one, other))
    before = running(traffic=model.Traffic(0.01))

    scores = [
        risk.assess(facts_of(changes.EditTraffic(model.Traffic(share)), before, **SOON)).score for share in (less, more)
    ]

    assert scores[0] <= scores[1]


@settings(deadline=None)
@given(st.floats(0, 0.5), st.floats(0, 0.5), st.sampled_from([-1, 1]))
def test_assess_when_weights_move_further_either_way_then_it_does_not_fall(
    one: float, other: float, direction: int
) -> None:
    steps = [0.5 + direction * step for step in sorted((one, other))]

    scores = [
        risk.assess(
            facts_of(changes.EditAllocation(split(("control", step), ("treatment", 1 - step))), running(), **SOON)
        ).score
        for step in steps
    ]

    assert scores[0] <= scores[1] + 1e-9
