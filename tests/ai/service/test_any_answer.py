"""Whatever a provider answers within its schema, what is published is borne by the evidence."""

from collections.abc import Iterable

from hypothesis import given, settings

from services.ai.domain.design.inquiry import design_inquiry
from services.ai.domain.grounding.claims import Claim, Recommendation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.inquiry import Inquiry
from services.ai.domain.grounding.rendering import statement
from services.ai.domain.hypotheses.inquiry import Suggestions, hypotheses_inquiry
from services.ai.domain.provenance import Provenance
from tests.ai.domain.hypotheses.examples import CHECKOUT, REVENUE, inconclusive, knowing, lost, won
from tests.ai.injection.corpus import Payload
from tests.ai.injection.oracle import assert_plain, assert_typed_truth
from tests.ai.service.answering_world import World
from tests.ai.service.any_answers import answers
from tests.ai.service.test_answering import INQUIRY as ANALYSIS
from tests.ai.service.test_answering import JOB
from tests.ai.service.test_obedient_tasks import OFFERS

NOTHING = Payload("nothing", "", "", ())
KNOWLEDGE = knowing(
    won("one-page", "Show the checkout on one page", tags=("home",)),
    lost("pop-up", "Open a pop-up at the exit", -0.04),
    inconclusive("badge", "Add a trust badge to the footer"),
    metrics=(CHECKOUT, REVENUE),
    max_count=7,
)
HYPOTHESES: Inquiry[Suggestions] = hypotheses_inquiry(KNOWLEDGE)
DESIGNS = design_inquiry(OFFERS)
EXAMPLES = settings(max_examples=60, deadline=None)


@EXAMPLES
@given(first=answers(ANALYSIS.question), second=answers(ANALYSIS.question))
def test_analysis_when_anything_is_answered_then_what_is_published_is_borne(first: str, second: str) -> None:
    world = World(first, second)

    answered = world.answering.answer(ANALYSIS, JOB, world.watch)

    said = answered.said
    parts: list[Claim | Recommendation] = [*said.reasons, *said.statements, *said.next_steps, *said.what_would_change]
    assert said.recommendation is not None
    assert_borne([said.recommendation, *parts], ANALYSIS.pack)
    assert_told(answered.provenance, ANALYSIS.pack)


@EXAMPLES
@given(first=answers(HYPOTHESES.question), second=answers(HYPOTHESES.question))
def test_hypotheses_when_anything_is_answered_then_what_is_published_is_borne(first: str, second: str) -> None:
    world = World(first, second)

    answered = world.answering.answer(HYPOTHESES, JOB, world.watch)

    for one in answered.said:
        made, band = one.hypothesis, KNOWLEDGE.band(one.draft.metric)
        assert made.primary_metric_id in ("checkout_rate", "revenue_per_visitor")
        assert made.expected_lift is None or band is not None
        assert "{{" not in made.intervention + made.statement + KNOWLEDGE.filled(made.rationale)
        assert made.ungrounded is not bool(made.because)
        assert_borne(made.because, KNOWLEDGE.pack)
    assert_told(answered.provenance, KNOWLEDGE.pack)


@EXAMPLES
@given(first=answers(DESIGNS.question), second=answers(DESIGNS.question))
def test_designs_when_anything_is_answered_then_what_is_published_is_borne(first: str, second: str) -> None:
    world = World(first, second)

    answered = world.answering.answer(DESIGNS, JOB, world.watch)

    chosen = answered.said
    assert chosen.offer in OFFERS
    assert_borne([*chosen.words.reasons, *chosen.words.statements], chosen.offer.evidence.pack)
    assert chosen.words.reasons or chosen.words.statements


def assert_borne(said: Iterable[Claim | Recommendation], pack: EvidencePack) -> None:
    """Fails unless each part is true and plain."""
    for one in said:
        assert_typed_truth(one, pack)
        assert_plain(statement(one, pack).text, NOTHING, pack)


def assert_told(provenance: Provenance, pack: EvidencePack) -> None:
    """Fails unless it is told what the answer rests on, and why it is another's."""
    assert provenance.evidence_sha256 == pack.sha256
    assert (provenance.fallback_reason is None) == (provenance.model != "engine")
