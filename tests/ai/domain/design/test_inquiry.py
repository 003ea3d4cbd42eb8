"""Answers on designs: a choice among those that were computed, with words that its own evidence bears."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from services.ai.domain.design.inquiry import ChosenDesign, design_inquiry
from services.ai.domain.design.offers import Offer, offer, others
from services.ai.domain.design.wishes import DesignWishes
from services.ai.domain.grounding.designs import DesignChoice
from services.ai.domain.grounding.documents import design_json
from services.ai.domain.grounding.inquiry import Heard
from services.ai.domain.grounding.repair import Outcome
from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.domain.metrics import TrafficProfile
from tests.ai.domain.hypotheses.examples import CHECKOUT, REVENUE

NOW = datetime(2026, 11, 27, tzinfo=UTC)
WISHES = DesignWishes("Show the checkout on one page", (CHECKOUT, REVENUE), TrafficProfile(20_000.0), arm_count=4)
FIRST = offer(WISHES, now=NOW)
OFFERS = (FIRST, *others(FIRST, now=NOW))
INQUIRY = design_inquiry(OFFERS)


def document_of(taken: Offer) -> dict[str, list[dict[str, str]]]:
    """Returns the engine's answer that takes an offer."""
    choice = DesignChoice(taken.option.option_id, taken.option.primary_metric, taken.option.guardrail_metrics)
    document: dict[str, list[dict[str, str]]] = json.loads(design_json(choice, taken.words))
    return document


def heard(document: Mapping[str, object], *, repaired: bool = True) -> Heard[ChosenDesign]:
    """Returns what is left of an answer."""
    return INQUIRY.read(document, repaired=repaired)


@pytest.mark.parametrize("taken", OFFERS, ids=lambda one: one.option.option_id)
def test_answer_when_it_has_the_engines_words_for_its_choice_then_stands_whole(taken: Offer) -> None:
    found = heard(document_of(taken), repaired=False)

    assert found.said == ChosenDesign(taken, taken.words)
    assert (found.judgement.outcome, found.violations, found.dropped_count) == (Outcome.PUBLISH, (), 0)


@pytest.mark.parametrize(
    "text",
    [
        "The plan allows for looks at any time.",
        "The plan has its looks at planned times.",
        "Results may be read at any time.",
        "A bandit moves the weights of the arms.",
        "The weights of the arms follow the data.",
        "The units are randomised.",
        "The error rate is corrected for comparisons.",
        "The arms have equal shares.",
        "Traffic is shifted to the arm with the highest chance.",
        "The experiment stops once the result is there.",
        "The plan is sequential.",
    ],
)
@pytest.mark.parametrize("kind", ["power", "allocation", "caveat"])
def test_reason_when_it_says_what_no_fact_bears_then_is_left_out(text: str, kind: str) -> None:
    document = document_of(FIRST)
    cited = next(row for row in document["reasons"] if row["kind"] == "power")
    row = cited | {"text": text, "kind": kind, "metric": "", "arm": ""}

    found = heard(document | {"reasons": [*document["reasons"], row]})

    assert found.said == ChosenDesign(FIRST, FIRST.words)
    assert found.dropped_count == 1
    assert RuleId.CONTEXT in {one.rule for one in found.violations}


def test_words_when_they_are_about_another_design_than_the_chosen_one_then_do_not_stand() -> None:
    document = document_of(FIRST) | {"option_id": "D3"}

    assert heard(document).judgement.outcome is Outcome.ABSTAIN


def test_words_when_most_say_what_no_fact_bears_then_do_not_stand() -> None:
    document = document_of(FIRST)
    rows = [row | {"text": "The plan is sequential."} for row in document["reasons"][1:]]

    found = heard(document | {"reasons": [*document["reasons"][:1], *rows]})

    assert found.judgement.outcome is Outcome.ABSTAIN


def test_words_when_they_are_unknown_and_the_types_are_right_then_are_the_engines() -> None:
    document = document_of(FIRST)
    rows = [row | {"text": "We zorg marvellously."} for row in document["reasons"][1:]]

    found = heard(document | {"reasons": [*document["reasons"][:1], *rows]})

    assert found.said is not None
    assert set(found.said.words.reasons) == set(FIRST.words.reasons)
    assert (found.judgement.outcome, found.is_reworded) == (Outcome.PUBLISH, True)
    assert (found.reworded_count, found.dropped_count) == (len(rows), 0)


def test_choice_when_it_is_no_option_then_the_repair_is_told_which_there_are() -> None:
    found = heard(document_of(FIRST) | {"option_id": "D7"}, repaired=False)

    assert found.judgement.outcome is Outcome.REPAIR
    assert found.judgement.feedback[0].allowed == ("D1", "D2", "D3")
    assert found.said is None
