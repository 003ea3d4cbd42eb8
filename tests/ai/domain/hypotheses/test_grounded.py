from dataclasses import replace

from services.ai.domain.grounding.claims import Relation
from services.ai.domain.grounding.hypotheses import check_hypotheses
from services.ai.domain.hypotheses.grounded import from_grounding, to_grounding
from services.ai.domain.hypotheses.model import EffectDirection, Kin, Kinship, LiftRange
from tests.ai.domain.hypotheses.linting.examples import DRAFT, KNOWLEDGE


def test_a_draft_goes_there_and_back() -> None:
    draft = replace(DRAFT, expected_lift=LiftRange(0.01, 0.02), builds_on=(Kin("X1", Kinship.VARIATION),))

    assert from_grounding(to_grounding(draft), KNOWLEDGE) == draft


def test_a_decrease_is_a_size_there() -> None:
    draft = replace(DRAFT, direction=EffectDirection.DECREASE, expected_lift=LiftRange(-0.02, -0.01))

    there = to_grounding(draft)

    assert (there.direction, there.expected_low, there.expected_high) == (Relation.DECREASE, 0.01, 0.02)
    assert from_grounding(there, KNOWLEDGE).expected_lift == draft.expected_lift


def test_kin_is_what_the_claims_are_about() -> None:
    repeated = to_grounding(replace(DRAFT, intervention="Show the progress bar"))

    assert from_grounding(repeated, KNOWLEDGE).builds_on == (Kin("X1", Kinship.SAME),)
    assert from_grounding(to_grounding(DRAFT), KNOWLEDGE).builds_on == (Kin("X1", Kinship.VARIATION),)
    assert from_grounding(to_grounding(replace(DRAFT, because=())), KNOWLEDGE).builds_on == ()


def test_a_claim_that_the_pack_does_not_bear_is_gone() -> None:
    false = replace(DRAFT.because[0], text="{{X1}} lowered {{M1}}.", relation=Relation.DECREASE)

    kept, violations = check_hypotheses([to_grounding(replace(DRAFT, because=(false,)))], KNOWLEDGE.pack)

    assert violations
    assert from_grounding(kept[0], KNOWLEDGE).because == ()


def test_what_says_no_direction_is_refused() -> None:
    there = to_grounding(replace(DRAFT, direction=None))

    assert check_hypotheses([there], KNOWLEDGE.pack)[0] == ()
    assert from_grounding(there, KNOWLEDGE).direction is None
