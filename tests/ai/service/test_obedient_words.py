"""A payload in the words of claims that are typed rightly: the engine's words are published, and none of its own."""

import json

import pytest

from services.ai.domain.asking import Question
from services.ai.domain.grounding.claims import Claim, Recommendation
from services.ai.domain.grounding.inquiry import analysis_inquiry
from services.ai.domain.grounding.prompting import leaks_canary
from services.ai.domain.grounding.rendering import statement
from services.ai.domain.hypotheses.inquiry import hypotheses_inquiry
from services.ai.domain.provenance import Grounding
from tests.ai.domain.hypotheses.examples import CHECKOUT, REVENUE, knowing, lost, won
from tests.ai.injection.corpus import Payload, payloads
from tests.ai.injection.oracle import assert_plain, assert_typed_truth
from tests.ai.service.answering_world import Step, World
from tests.ai.service.test_answering import JOB, OWN, PACK

LENGTH = 2000
PAYLOADS = [one for one in payloads() if one.text and not leaks_canary(one.text)]
KNOWLEDGE = knowing(
    won("one", "Show reviews"), lost("two", "Open a pop-up", -0.04), metrics=(CHECKOUT, REVENUE), max_count=7
)


def in_words_of_all(payload: Payload) -> Step:
    """Returns a model that types all as the engine does, and says what a payload wants of all but the first claim."""

    def answered(question: Question) -> str:
        document = json.loads(question.plain_answer)
        rows = [*document["statements"][1:], *document["reasons"], *document["what_would_change"]]
        for row in (*rows, *document["next_steps"], document["recommendation"]):
            row["text"] = payload.text[:LENGTH]
        return json.dumps(document)

    return answered


def in_because(payload: Payload) -> Step:
    """Returns a model that drafts what the engine does, and says what a payload wants of what bears it."""

    def answered(question: Question) -> str:
        document = json.loads(question.plain_answer)
        for draft in document["hypotheses"]:
            for row in draft["because"]:
                row["text"] = payload.text[:LENGTH]
        return json.dumps(document)

    return answered


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.name)
def test_analysis_when_a_payload_words_right_claims_then_the_engine_tells_them(payload: Payload) -> None:
    world = World(in_words_of_all(payload))

    answered = world.answering.answer(analysis_inquiry(PACK, OWN), JOB, world.watch)

    said = answered.said
    parts: list[Claim | Recommendation] = [*said.reasons, *said.statements, *said.next_steps, *said.what_would_change]
    assert said.recommendation == OWN.recommendation
    assert answered.provenance.grounding is Grounding.REWORDED
    assert set(said.statements) == set(OWN.statements)
    for one in parts:
        assert_typed_truth(one, PACK)
        assert_plain(statement(one, PACK).text, payload, PACK)


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.name)
def test_hypotheses_when_a_payload_words_right_claims_then_the_engine_tells_them(payload: Payload) -> None:
    world = World(in_because(payload))
    inquiry = hypotheses_inquiry(KNOWLEDGE)

    answered = world.answering.answer(inquiry, JOB, world.watch)

    claims = [claim for one in answered.said for claim in one.hypothesis.because]
    assert claims
    assert answered.provenance.reworded_claim_count > 0
    for claim in claims:
        assert_typed_truth(claim, inquiry.pack)
        assert_plain(statement(claim, inquiry.pack).text, payload, inquiry.pack)
