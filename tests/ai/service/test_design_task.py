"""Jobs that make designs: code computes them, a provider may choose one, and every word is borne by that one."""

import json
from dataclasses import replace
from functools import lru_cache

import pytest

from services.ai.domain.asking import FallbackReason, ProviderName, Question
from services.ai.domain.design.offers import Offer, offer, others
from services.ai.domain.design.wishes import DesignAim, DesignWishes
from services.ai.domain.grounding.designs import DesignChoice
from services.ai.domain.grounding.documents import design_json
from services.ai.domain.grounding.rendering import statement
from services.ai.domain.jobs import DesignInput, JobStage
from services.ai.domain.metrics import TrafficProfile
from services.ai.domain.provenance import Grounding
from services.ai.domain.records import DesignRecord, JobResult
from services.ai.service.answering import Answering
from shared.errors import InvalidArgument, NotFound, Reason
from tests.ai.domain.hypotheses.examples import CHECKOUT, REVENUE, won
from tests.ai.service.answering_world import NOW, Step, World, edited, failing, job_of, plain
from tests.ai.service.test_hypotheses_task import run as suggest

WISHES = DesignWishes("Show the checkout on one page", (CHECKOUT, REVENUE), TrafficProfile(20_000.0), arm_count=4)
POOR = replace(WISHES, traffic=TrafficProfile(500.0), arm_count=2)


def run(world: World, wishes: DesignWishes = WISHES, hypothesis_id: str = "") -> JobResult:
    """Returns what the job leaves behind."""
    return world.designs.run(job_of(DesignInput(wishes, hypothesis_id)), world.watch)


def design_of(world: World, wishes: DesignWishes = WISHES, hypothesis_id: str = "") -> DesignRecord:
    """Returns the record that the job leaves behind."""
    record = run(world, wishes, hypothesis_id).design
    assert record is not None
    return record


@lru_cache
def offers(wishes: DesignWishes = WISHES) -> tuple[Offer, ...]:
    """Returns what there is to choose from."""
    first = offer(wishes, now=NOW)
    return (first, *others(first, now=NOW))


def choosing(option_id: str, **changes: object) -> Step:
    """Returns a step that takes an option, with the engine's words for the first."""

    def answered(question: Question) -> str:
        return edited(question, option_id=option_id, **changes)

    return answered


def taking(taken: Offer) -> str:
    """Returns an answer that takes an option, with words that fit it."""
    option = taken.option
    return design_json(DesignChoice(option.option_id, guardrail_metrics=option.guardrail_metrics), taken.words)


def test_design_when_no_provider_is_configured_then_is_the_engines_in_its_words() -> None:
    world = World()

    result = run(world)

    record = result.design
    assert record is not None
    assert record.design == offers()[0].design
    assert record.reasons
    assert all(one.evidence_ids and "{{" not in one.text for one in (*record.reasons, *record.risks))
    assert (record.job_id, record.requested_at, record.created_at) == ("job_1", NOW, NOW)
    assert record.provenance == result.provenance
    assert result.provenance.evidence_sha256 == result.evidence.sha256
    assert result.provenance.grounding is Grounding.CLEAN
    assert result.provenance.fallback_reason is FallbackReason.NO_KEY
    assert world.watch.stages == [JobStage.GATHERING, JobStage.COMPUTING, JobStage.CHECKING]


def test_design_when_a_rule_blocks_it_then_is_stored_and_not_as_recommended() -> None:
    record = design_of(World(), POOR)

    assert not record.design.recommended
    assert any("more units" in one.text for one in record.risks)


def test_options_when_a_provider_may_choose_then_are_computed_and_differ() -> None:
    world = World(plain)

    run(world)

    options = json.loads(world.provider.asked[0].data)["options"]
    assert [one["option_id"] for one in options] == ["D1", "D2", "D3"]
    assert [one["aim"] for one in options] == ["LEARN", "EARN", "PICK"]
    assert [one["algorithm"] for one in options] == ["", "BetaThompson", "TopTwoThompson"]
    assert [one["looking"] for one in options] == ["AT_END", "ANY_TIME", "ANY_TIME"]
    assert all(one["unit_count"] > 0 and one["facts"] for one in options)


def test_options_when_too_few_units_come_then_one_looks_for_a_lift_within_reach() -> None:
    world = World(taking(offers(POOR)[1]))

    record = design_of(world, POOR)

    options = json.loads(world.provider.asked[0].data)["options"]
    assert [one["reachable"] for one in options[:2]] == [False, True]
    assert record.design.recommended
    assert record.design.plan.relative_mde > 0.05
    assert record.design.wishes.relative_mde == record.design.plan.relative_mde


def test_options_when_nobody_chooses_then_are_not_computed() -> None:
    world = World()

    assert isinstance(world.answering, Answering)
    assert not world.answering.asks


def test_design_when_the_provider_takes_the_first_then_is_that_in_its_words() -> None:
    record, pack = design_of(World(plain)), offers()[0].evidence.pack

    assert record.provenance.provider is ProviderName.ANTHROPIC
    assert record.design == offers()[0].design
    assert record.reasons == tuple(statement(one, pack) for one in offers()[0].words.reasons)


def test_design_when_the_provider_takes_another_then_its_words_are_held_to_that_one() -> None:
    result = run(World(taking(offers()[2])))

    record = result.design
    assert record is not None
    assert record.design.wishes.aim is DesignAim.PICK
    assert result.provenance.provider is ProviderName.ANTHROPIC
    assert result.provenance.evidence_sha256 == result.evidence.sha256
    assert record.reasons == tuple(statement(one, result.evidence) for one in offers()[2].words.reasons)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (choosing("D9"), FallbackReason.NOT_GROUNDED),
        (choosing(""), FallbackReason.NOT_GROUNDED),
        (choosing("D1", primary_metric="M2"), FallbackReason.NOT_GROUNDED),
        (choosing("D1", guardrail_metrics=[]), FallbackReason.NOT_GROUNDED),
        (choosing("D1", reasons=[], risks=[]), FallbackReason.NOT_GROUNDED),
        (choosing("D3"), FallbackReason.NOT_GROUNDED),
        (failing(FallbackReason.SPEND_LIMIT), FallbackReason.SPEND_LIMIT),
    ],
    ids=["no option", "none", "another metric", "no guardrail", "no words", "words for another", "failure"],
)
def test_design_when_the_choice_cannot_stand_then_is_the_engines(step: Step, reason: FallbackReason) -> None:
    record = design_of(World(step))

    assert record.provenance.provider is ProviderName.HEURISTIC
    assert record.provenance.fallback_reason is reason
    assert record.design == offers()[0].design


def test_choice_when_it_is_put_right_then_stands() -> None:
    world = World(choosing("D9"), taking(offers()[1]))

    record = design_of(world)

    assert record.design.wishes.aim is DesignAim.EARN
    repair = world.provider.asked[1].repair
    assert repair is not None
    assert json.loads(repair.feedback_json)[0]["allowed"] == ["D1", "D2", "D3"]


def test_design_when_it_tests_a_hypothesis_that_is_stored_then_names_it() -> None:
    world = World()
    world.keep(suggest(world))
    hypothesis_id = next(iter(world.store.hypotheses.stored(limit=1))).hypothesis_id

    assert design_of(world, hypothesis_id=hypothesis_id).hypothesis_id == hypothesis_id


def test_design_when_its_hypothesis_is_not_here_then_is_not_made() -> None:
    with pytest.raises(NotFound) as raised:
        run(World(), hypothesis_id="hypothesis_9")

    assert raised.value.reason is Reason.HYPOTHESIS_NOT_FOUND


def test_wishes_when_they_cannot_be_then_name_the_field() -> None:
    with pytest.raises(InvalidArgument, match=r"metrics\[0\]\.baseline"):
        run(World(), replace(WISHES, metrics=(replace(CHECKOUT, baseline=None),)))


def test_past_lifts_when_none_are_given_then_are_those_of_the_store() -> None:
    world = World()
    world.analyses.rows = [won("one", "Show it", 0.04), won("two", "Hide it", 0.1, metric_id="other")]

    known = replace(WISHES, primary_metric_id="checkout_rate")
    assert design_of(world, known).design.wishes.past_lifts == (0.04,)
    assert design_of(world, replace(known, past_lifts=(0.2,))).design.wishes.past_lifts == (0.2,)
    assert design_of(world).design.wishes.past_lifts == ()


def test_data_when_it_is_sent_then_has_descriptions_under_aliases() -> None:
    world = World(plain)
    described = replace(REVENUE, description="Money, net of returns")

    run(world, replace(WISHES, metrics=(CHECKOUT, described)))

    notes = json.loads(world.provider.asked[0].data)["notes"]
    assert notes == {"description": WISHES.description, "description of M2": "Money, net of returns"}
