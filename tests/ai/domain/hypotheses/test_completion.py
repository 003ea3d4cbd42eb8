from dataclasses import replace

import pytest

from services.ai.domain.hypotheses import because
from services.ai.domain.hypotheses.completion import EXPECTED_COVERAGE, completed
from services.ai.domain.hypotheses.knowledge import Knowledge
from services.ai.domain.hypotheses.linting.findings import Flaw
from services.ai.domain.hypotheses.model import (
    Draft,
    EffectDirection,
    Hypothesis,
    HypothesisState,
    Kin,
    Kinship,
    LiftRange,
)
from services.ai.domain.hypotheses.shrinkage import Kinsman, updated
from tests.ai.domain.hypotheses.examples import CHECKOUT, RETURNS, TRAFFIC, inconclusive, knowing, lost, stored, won
from tests.ai.domain.hypotheses.linting.examples import DRAFT, KNOWLEDGE

ROWS = (
    won("e1", "Show a progress bar", 0.06),
    lost("e2", "Show fewer reviews", -0.05),
    inconclusive("e3", "Free shipping banner", 0.02),
)


def _made(draft: Draft, knowledge: Knowledge = KNOWLEDGE) -> Hypothesis:
    if draft.because and knowledge is not KNOWLEDGE:
        draft = replace(draft, because=(because.result(knowledge, knowledge.trials[0]),))
    made = completed(draft, knowledge).hypothesis
    assert made is not None
    return made


def test_code_adds_what_can_be_computed() -> None:
    knowledge = knowing(*ROWS, traffic=TRAFFIC)
    made = _made(DRAFT, knowledge)

    assert made.statement == "If we shorten the address form to its required fields, Checkout rate will rise."
    assert made.test.units_per_arm > 0
    assert made.test.weeks == 1
    assert made.falsifier == (
        f"Refuted if after {made.test.units_per_arm:,} units in each arm the 95 % interval of the lift of Checkout rate"
        " leaves out a rise of 5 % or more."
    )
    assert made.expected_lift == knowledge.band("M1")
    assert made.evidence_sha256 == knowledge.pack.sha256


def test_an_error_refuses_and_says_why() -> None:
    refused = completed(replace(DRAFT, metric="M9"), KNOWLEDGE)

    assert refused.hypothesis is None
    assert [one.flaw for one in refused.findings] == [Flaw.NO_MEASURABLE_METRIC]
    assert completed(replace(DRAFT, direction=None), KNOWLEDGE).hypothesis is None


def test_an_idea_that_nothing_bears_is_kept_as_such() -> None:
    idea = _made(replace(DRAFT, because=()))

    assert idea.ungrounded
    assert idea.confidence.value < _made(DRAFT).confidence.value / 1.9
    assert "ungrounded" in [one.part for one in idea.confidence.parts]


def test_a_model_cannot_say_that_it_repeats_what_it_does_not() -> None:
    claimed = _made(replace(DRAFT, builds_on=(Kin("X1", Kinship.SAME),)))
    varied = _made(replace(DRAFT, builds_on=(Kin("X1", Kinship.VARIATION),)))
    repeated = _made(
        replace(DRAFT, intervention="Show the progress bar", builds_on=(Kin("X1", Kinship.SAME),)),
    )

    assert claimed.confidence == varied.confidence
    assert repeated.confidence.value > varied.confidence.value


def test_experiments_on_other_metrics_are_no_kin() -> None:
    other = replace(DRAFT, metric="M2", builds_on=(Kin("X1", Kinship.VARIATION),))

    assert _made(other).confidence == _made(replace(other, builds_on=())).confidence


def test_what_is_expected_is_the_belief_inside_the_band() -> None:
    knowledge = knowing(*ROWS)
    history, band = knowledge.history["checkout_rate"], knowledge.band("M1")
    assert band is not None
    draft = replace(DRAFT, intervention="Try {{X3}} again", builds_on=(Kin("X3", Kinship.SAME),))

    low, high = updated(history.belief, [Kinsman(0.02, 0.025)]).interval(EXPECTED_COVERAGE)

    assert _made(draft, knowledge).expected_lift == LiftRange(max(low, band.low), min(high, band.high))


def test_nothing_is_expected_where_belief_and_band_are_apart() -> None:
    knowledge = knowing(*ROWS, won("e4", "Free returns", 0.2, error=0.001))
    draft = replace(DRAFT, intervention="Try {{X2}} again", builds_on=(Kin("X2", Kinship.SAME),))

    assert knowledge.trials[1].experiment == "X2"
    assert _made(draft, knowledge).expected_lift is None


def test_a_decrease_is_expected_below_nothing() -> None:
    rows = [won(f"e{place}", f"Thing {place}", -0.05, metric_id="return_rate") for place in range(3)]
    knowledge = knowing(*rows, metrics=(RETURNS,))
    draft = replace(DRAFT, direction=EffectDirection.DECREASE, because=())

    expected = _made(draft, knowledge).expected_lift

    assert expected is not None
    assert expected.low <= expected.high < 0


@pytest.mark.parametrize("state", HypothesisState)
def test_a_refuted_one_that_comes_again_is_less_likely(state: HypothesisState) -> None:
    old = stored(DRAFT.intervention, state)

    made = _made(DRAFT, knowing(*ROWS, stored=(old,)))

    assert made.duplicate_of == "h-1"
    parts = [one.part for one in made.confidence.parts]
    assert ("refuted_before" in parts) is (state in (HypothesisState.LOST, HypothesisState.REJECTED))


def test_without_a_baseline_nothing_is_planned() -> None:
    knowledge = knowing(*ROWS, metrics=(replace(CHECKOUT, baseline=None),))

    made = _made(DRAFT, knowledge)

    assert (made.test.units_per_arm, made.test.weeks) == (0, None)
    assert made.falsifier.startswith("Refuted if at the planned end the 95 % interval")


def test_names_stand_in_the_slots() -> None:
    draft = replace(DRAFT, intervention="Larger photos, as in {{X1}}")

    made = _made(draft)

    assert made.intervention == "Larger photos, as in e1 (\u201cShow a progress bar\u201d)"
    assert made.statement.startswith("With larger photos, as in e1 (")
