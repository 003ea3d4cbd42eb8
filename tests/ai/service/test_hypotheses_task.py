"""Jobs that make hypotheses: what is stored counts, what is drafted is checked, and nothing is made up."""

import json
from dataclasses import replace

import pytest

from services.ai.domain.asking import FallbackReason, ProviderName
from services.ai.domain.hypotheses.model import HypothesisState
from services.ai.domain.jobs import HypothesesInput, JobStage
from services.ai.domain.provenance import Grounding
from services.ai.domain.records import HypothesisRecord, JobResult
from shared.errors import Internal, InvalidArgument
from tests.ai.domain.hypotheses.examples import CHECKOUT, RETURNS, REVENUE, inconclusive, lost, won
from tests.ai.service.answering_world import NOW, World, failing, job_of, plain

PAST = (
    won("one-page", "Show the checkout on one page", tags=("home",)),
    lost("pop-up", "Open a pop-up at the exit", -0.04),
    won("bundle", "Offer bundles of products", metric_id="revenue_per_visitor", tags=("cart",)),
    inconclusive("badge", "Add a trust badge to the footer"),
)
ASKED = HypothesesInput((CHECKOUT, REVENUE), PAST)
DRAFT: dict[str, object] = {
    "intervention": "Show the delivery date next to the price",
    "metric": "M1",
    "direction": "increase",
    "evidence_ids": [],
    "because": [],
    "rationale": "Visitors may find the date sooner.",
    "expected_low": None,
    "expected_high": None,
    "ungrounded": True,
}


def run(world: World, asked: HypothesesInput = ASKED) -> JobResult:
    """Returns what the job leaves behind."""
    return world.hypotheses.run(job_of(asked), world.watch)


def saying(*rows: dict[str, object]) -> str:
    """Returns an answer with these drafts alone."""
    return json.dumps({"hypotheses": rows})


def test_hypotheses_when_no_provider_is_configured_then_are_the_engines_borne_by_the_past() -> None:
    world = World()

    result = run(world)

    assert 0 < len(result.hypotheses) <= 5
    assert all(one.because and not one.hypothesis.ungrounded for one in result.hypotheses)
    assert all(one.hypothesis.evidence_sha256 == result.evidence.sha256 for one in result.hypotheses)
    assert result.provenance.fallback_reason is FallbackReason.NO_KEY
    assert result.provenance.grounding is Grounding.CLEAN
    assert world.watch.stages == [JobStage.GATHERING, JobStage.COMPUTING, JobStage.CHECKING]
    assert all("{{" not in text for one in result.hypotheses for text in texts_of(one))


def test_hypotheses_when_nothing_bears_any_then_there_are_none() -> None:
    result = run(World(), HypothesesInput((replace(CHECKOUT, baseline=None),)))

    assert result.hypotheses == ()
    assert result.provenance.provider is ProviderName.HEURISTIC


def test_record_when_it_is_made_then_has_all_that_later_work_needs() -> None:
    result = run(World())

    record = result.hypotheses[0]
    assert (record.job_id, record.state, record.version) == ("job_1", HypothesisState.PROPOSED, 1)
    assert (record.created_at, record.updated_at) == (NOW, NOW)
    assert record.metrics == ASKED.metrics
    assert record.provenance == result.provenance
    assert len({one.hypothesis_id for one in result.hypotheses}) == len(result.hypotheses)


def test_engine_when_it_answers_through_the_check_then_says_what_it_says_without() -> None:
    first, again = run(World()), run(World(plain))

    assert [one.hypothesis for one in first.hypotheses] == [one.hypothesis for one in again.hypotheses]
    assert again.provenance.provider is ProviderName.ANTHROPIC


def test_hypotheses_when_the_goal_names_a_metric_then_those_on_it_come_first() -> None:
    for goal, metric_id in (
        ("Raise the revenue per visitor!", "revenue_per_visitor"),
        ("More CHECKOUT_RATE, please", "checkout_rate"),
    ):
        result = run(World(), replace(ASKED, goal=goal))

        found = [one.hypothesis.primary_metric_id == metric_id for one in result.hypotheses]
        assert found[0]
        assert found == sorted(found, reverse=True)


def test_hypotheses_when_the_goal_names_a_part_of_a_word_then_it_names_nothing() -> None:
    result = run(World(), replace(ASKED, goal="precheckout_rates and revenues"))

    assert [one.hypothesis for one in result.hypotheses] == [one.hypothesis for one in run(World()).hypotheses]


def test_hypothesis_when_one_like_it_is_stored_then_says_so() -> None:
    world = World()
    kept = run(world)
    world.keep(kept)

    result = run(world)

    repeated = {one.hypothesis.duplicate_of for one in result.hypotheses}
    assert repeated == {one.hypothesis_id for one in kept.hypotheses}


def test_past_when_the_store_has_some_then_it_counts_unless_told_otherwise() -> None:
    world = World()
    world.analyses.rows = [won("stored", "Show reviews on the product page")]

    assert run(world, HypothesesInput((CHECKOUT,))).hypotheses
    assert not run(world, HypothesesInput((CHECKOUT,), use_stored_experiments=False)).hypotheses


def test_past_when_the_store_contradicts_the_request_then_is_left_aside() -> None:
    world = World()
    world.analyses.rows = [lost("stored", "Send fewer parcels", -0.1, metric_id="return_rate"), PAST[0]]

    result = run(world, HypothesesInput((RETURNS, CHECKOUT), PAST[:1]))

    assert [ref.subject_id for ref in result.evidence.subjects] == ["one-page"]


def test_job_when_its_input_cannot_be_then_names_the_field() -> None:
    with pytest.raises(InvalidArgument, match="metrics"):
        run(World(), HypothesesInput(()))


def test_job_when_it_is_of_another_kind_then_is_a_defect() -> None:
    world = World()

    with pytest.raises(Internal):
        world.designs.run(job_of(ASKED), world.watch)


def test_data_when_it_is_sent_then_has_goal_constraints_and_what_was_tried() -> None:
    world = World(plain)
    asked = replace(ASKED, goal="More orders", constraints=("No pop-ups",))

    run(world, asked)

    notes = json.loads(world.provider.asked[0].data)["notes"]
    assert notes["goal"] == "More orders"
    assert notes["constraint 1"] == "No pop-ups"
    assert notes["tried in X1"] == "Show the checkout on one page"
    assert notes["wanted count"] == "5"


def test_job_when_the_provider_is_away_then_has_the_engines_hypotheses() -> None:
    result = run(World(failing()))

    assert result.provenance.fallback_reason is FallbackReason.PROVIDER_UNAVAILABLE
    assert [one.hypothesis for one in result.hypotheses] == [one.hypothesis for one in run(World()).hypotheses]


def texts_of(record: HypothesisRecord) -> tuple[str, ...]:
    """Returns everything that a record says."""
    made = record.hypothesis
    told = (one.text for one in record.because)
    return (made.intervention, made.statement, made.rationale, made.falsifier, *told)
