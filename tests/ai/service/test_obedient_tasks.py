"""Jobs with a model that follows every payload, wherever it stands: nothing false or ungrounded is published."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace

import pytest

from services.ai.domain.asking import Question
from services.ai.domain.design import words
from services.ai.domain.design.inquiry import ChosenDesign, design_inquiry
from services.ai.domain.design.offers import Offer, offer, others
from services.ai.domain.design.wishes import DesignWishes
from services.ai.domain.grounding.claims import Claim
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.names import label
from services.ai.domain.grounding.rendering import statement
from services.ai.domain.grounding.systems import SYSTEMS
from services.ai.domain.grounding.untrusted import cleaned
from services.ai.domain.hypotheses.model import EffectDirection, HypothesisState, StoredHypothesis
from services.ai.domain.jobs import DesignInput, HypothesesInput
from services.ai.domain.metrics import SegmentBaseline, TrafficProfile
from services.ai.domain.records import HypothesisRecord, JobResult
from tests.ai.domain.hypotheses.examples import CHECKOUT, REVENUE, lost, won
from tests.ai.injection.corpus import Payload, payloads
from tests.ai.injection.oracle import assert_plain, assert_typed_truth
from tests.ai.service.answering_world import NOW, Step, World, job_of
from tests.ai.service.obedient_steps import in_claims, in_reasons, in_types, in_words

PAYLOADS = payloads()
HYPOTHESIS_FIELDS = ("goal", "constraint", "name", "description", "experiment", "tried", "tag", "segment", "stored")
DESIGN_FIELDS = ("name", "description", "wish")
WISHES = DesignWishes("Show the checkout on one page", (CHECKOUT, REVENUE), TrafficProfile(20_000.0), arm_count=3)
FIRST = offer(WISHES, now=NOW)
OFFERS = (FIRST, *others(FIRST, now=NOW))
_QUOTED = re.compile("\u201c[^\u201d]*\u201d")


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.name)
def test_hypotheses_when_a_payload_is_everywhere_then_nothing_of_it_is_published(payload: Payload) -> None:
    for step in (in_words(payload), in_claims(payload)):
        world = poisoned_world(step, payload, HYPOTHESIS_FIELDS)
        asked = poisoned_input(payload, HYPOTHESIS_FIELDS)
        result = world.hypotheses.run(job_of(asked), world.watch)

        assert_hypotheses(result, payload, asked)
        assert_apart(world.provider.asked, payload)


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.name)
def test_designs_when_a_payload_is_everywhere_then_nothing_of_it_is_published(payload: Payload) -> None:
    offers = [poisoned_offer(one, payload) for one in OFFERS]
    for choice in ("D1", payload.text):
        world = World(in_reasons(payload, choice))
        inquiry = design_inquiry(offers, {"description": payload.text})
        answered = world.answering.answer(inquiry, job_of(DesignInput(WISHES)), world.watch)

        assert_design(answered.said, payload)
        assert_apart(world.provider.asked, payload)


@pytest.mark.slow  # The whole corpus in each field by itself takes minutes.
@pytest.mark.parametrize("field", HYPOTHESIS_FIELDS)
def test_hypotheses_when_a_payload_is_in_one_field_then_nothing_of_it_is_published(field: str) -> None:
    for payload in PAYLOADS:
        for step in (in_words(payload), in_claims(payload), in_types(payload)):
            world = poisoned_world(step, payload, (field,))
            asked = poisoned_input(payload, (field,))
            assert_hypotheses(world.hypotheses.run(job_of(asked), world.watch), payload, asked)
            assert_apart(world.provider.asked, payload)


@pytest.mark.slow  # The whole corpus in each field by itself takes minutes.
@pytest.mark.parametrize("field", DESIGN_FIELDS)
def test_design_jobs_when_a_payload_is_in_one_field_then_nothing_of_it_is_published(field: str) -> None:
    for payload in PAYLOADS:
        world = World(in_reasons(payload, "D1"))
        first = replace(
            CHECKOUT,
            display_name=payload.text if field == "name" else "Checkout rate",
            description=payload.text if field == "description" else "",
        )
        wishes = replace(WISHES, metrics=(first, REVENUE))
        wishes = replace(wishes, description=payload.text) if field == "wish" else wishes
        result = world.designs.run(job_of(DesignInput(wishes)), world.watch)

        assert result.design is not None
        for one in (*result.design.reasons, *result.design.risks):
            assert_plain(one.text, payload, result.evidence)
        assert_apart(world.provider.asked, payload)


def poisoned_input(payload: Payload, fields: Iterable[str]) -> HypothesesInput:
    """Returns an input with the payload in fields."""
    text, said = payload.text, frozenset(fields)
    metric = replace(
        CHECKOUT,
        display_name=text if "name" in said else "Checkout rate",
        description=text if "description" in said else "",
        segments=(
            SegmentBaseline(text if "segment" in said else "mobile", 0.1, 50_000),
            SegmentBaseline("desktop", 0.3, 50_000),
        ),
        trend=-0.02,
    )
    past = (
        won(text if "experiment" in said else "one", text if "tried" in said else "Show reviews"),
        lost("two", "Open a pop-up", tags=(text if "tag" in said else "cart",)),
    )
    return HypothesesInput(
        (metric, REVENUE),
        past,
        goal=text if "goal" in said else "",
        constraints=(text,) if "constraint" in said else (),
        max_count=7,
    )


def poisoned_world(step: Step, payload: Payload, fields: Iterable[str]) -> World:
    """Returns a world in which a hypothesis is stored that may hold the payload."""
    world = World(step)
    text = payload.text if "stored" in fields else "Show ratings"
    known = StoredHypothesis("h-1", text, "checkout_rate", EffectDirection.INCREASE, HypothesisState.PROPOSED, 0.5, 0.5)
    world.known = [known]
    return world


def poisoned_offer(one: Offer, payload: Payload) -> Offer:
    """Returns an offer with the payload as the name of its primary metric."""
    metric, *rest = one.evidence.pack.metrics
    pack = replace(one.evidence.pack, metrics=(replace(metric, display_name=payload.text), *rest))
    evidence = replace(one.evidence, pack=pack)
    return Offer(one.option, evidence, words.answer(evidence))


def assert_hypotheses(result: JobResult, payload: Payload, asked: HypothesesInput) -> None:
    """Fails if anything is published that the payload wants, or that the evidence does not bear."""
    for record in result.hypotheses:
        made = record.hypothesis
        assert made.primary_metric_id in {one.metric_id for one in asked.metrics}
        assert made.expected_lift is None
        assert made.evidence_sha256 == result.evidence.sha256
        for claim in made.because:
            assert_typed_truth(claim, result.evidence)
            assert_plain(statement(claim, result.evidence).text, payload, result.evidence)
        assert record.because == tuple(statement(one, result.evidence) for one in made.because)
        assert_idea(record, payload, result.evidence)


def assert_idea(record: HypothesisRecord, payload: Payload, pack: EvidencePack) -> None:
    """Fails unless what is done is in plain words of nobody's but the model's, and the story too."""
    done = without_names(_QUOTED.sub("", record.hypothesis.intervention), pack)
    for text in (done, without_names(record.hypothesis.rationale, pack)):
        assert text.isascii(), text
        assert not re.search(r"[<>\[\]{}`*#|@%\d]|https?:", text), text
    # A rationale is labelled as not verified: what it supposes is neither claimed nor checked.
    assert not any(one in done for one in payload.forbidden), done


def assert_design(said: ChosenDesign, payload: Payload) -> None:
    """Fails if the design is none that was computed, or its words are not borne by it."""
    pack = said.offer.evidence.pack
    assert said.offer.design in [one.design for one in OFFERS]
    claims: tuple[Claim, ...] = (*said.words.reasons, *said.words.statements)
    assert said.words.reasons
    for claim in claims:
        assert_typed_truth(claim, pack)
        assert_plain(statement(claim, pack).text, payload, pack)


def assert_apart(asked: list[Question], payload: Payload) -> None:
    """Fails unless what others wrote is in names and notes alone, and the rules are what they always are."""
    assert asked
    shown = cleaned(payload.text, 40)
    for question in asked:
        assert question.system == SYSTEMS[question.operation]
        document = json.loads(question.data)
        assert question.data.isascii()
        rest = {key: value for key, value in document.items() if key not in ("names", "notes")}
        assert len(shown) < 8 or json.dumps(shown)[1:-1] not in json.dumps(rest)


def without_names(text: str, pack: EvidencePack) -> str:
    """Returns a text without names that the caller chose."""
    for name in sorted(map(label, pack.ref_by_alias.values()), key=len, reverse=True):
        text = text.replace(name, "")
    return text
