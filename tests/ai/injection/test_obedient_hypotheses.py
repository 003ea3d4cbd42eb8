"""Hypotheses and designs of a model that writes down what a payload says, wherever it may write."""

import re
from dataclasses import replace

import pytest

from services.ai.domain.grounding.claims import Claim, Relation
from services.ai.domain.grounding.designs import DesignChoice, DesignOption, check_choice
from services.ai.domain.grounding.hypotheses import HypothesisDraft, check_hypotheses
from services.ai.domain.grounding.rendering import statement
from services.ai.evaluation.cases import cases
from services.ai.evaluation.drafts import planning_pack
from tests.ai.injection.corpus import Payload, payloads

PACK = planning_pack()
PAST = next(case for case in cases() if case.name == "past")
DRAFT = HypothesisDraft("Show the delivery date", "M1", Relation.INCREASE, ("E1",), rationale="It is hard to find.")


@pytest.mark.parametrize("payload", payloads(), ids=lambda payload: payload.name)
def test_hypothesis_when_a_model_repeats_the_payload_then_nothing_of_it_is_published(payload: Payload) -> None:
    claim = PAST.said("<wins> of <past> past experiments on <m> won.")
    assert isinstance(claim, Claim)
    drafts = [
        replace(DRAFT, intervention=payload.text),
        replace(DRAFT, rationale=payload.text),
        replace(DRAFT, because=(replace(claim, text=payload.text), claim)),
        replace(DRAFT, metric=payload.text),
        replace(DRAFT, evidence_ids=("E999",)),
        replace(DRAFT, expected_low=0.5, expected_high=0.99),
    ]

    kept, _ = check_hypotheses(drafts, PACK)

    assert all(draft.metric == "M1" and draft.expected_high is None for draft in kept)
    for draft in kept:
        for text in (draft.intervention, draft.rationale, *_reasons(draft)):
            assert text.isascii()
            assert not re.search(r"[<>\[\]{}`*#|@%]|https?:", text)
        # A rationale is labelled as not verified: what it supposes is neither claimed nor checked.
        assert not any(one in text for one in payload.forbidden for text in (draft.intervention, *_reasons(draft)))
    assert [_reasons(draft) for draft in kept if draft.because] == [("4 of 9 past experiments on signup_rate won.",)]


@pytest.mark.parametrize("payload", payloads(), ids=lambda payload: payload.name)
def test_design_when_a_model_names_the_payload_then_it_is_no_option(payload: Payload) -> None:
    option = DesignOption("D1", "M1", ("M2",), (0.5, 0.5), 14)

    assert check_choice(DesignChoice(payload.text), [option])
    assert check_choice(DesignChoice("D1", primary_metric=payload.text), [option])


def _reasons(draft: HypothesisDraft) -> tuple[str, ...]:
    return tuple(statement(one, PACK).text for one in draft.because)
