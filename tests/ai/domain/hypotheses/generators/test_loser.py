import pytest

from services.ai.domain.hypotheses.generators.loser import invert_loser
from services.ai.domain.hypotheses.model import EffectDirection, Kin, Kinship
from tests.ai.domain.hypotheses.examples import CHECKOUT, inconclusive, knowing, lost, segmented, won


def test_the_opposite_of_a_loser_is_tried() -> None:
    (draft,) = invert_loser(knowing(lost("e1", "Show fewer reviews")))

    assert draft.intervention == "Show more reviews"
    assert draft.direction is EffectDirection.INCREASE
    assert draft.builds_on == (Kin("X1", Kinship.OPPOSITE),)


@pytest.mark.parametrize("change", ["Shorten the form to 3 fields", "Reduce it"])
def test_an_opposite_that_may_not_stand_is_named_by_its_experiment(change: str) -> None:
    (draft,) = invert_loser(knowing(lost("e1", change)))

    assert draft.intervention == "Do the opposite of {{X1}}"


@pytest.mark.parametrize("other", [won("e2", "Show more reviews"), inconclusive("e2", "Show more of the reviews")])
def test_what_was_tried_is_not_tried_again(other: object) -> None:
    assert not [*invert_loser(knowing(lost("e1", "Show fewer reviews"), other))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    ["Add a banner", "Blue button", "Show fewer reviews in a shorter list", "Show fewer reviews and a banner", ""],
)
def test_what_has_no_one_opposite_is_left(change: str) -> None:
    assert not [*invert_loser(knowing(lost("e1", change)))]


def test_nothing_is_inverted_that_did_not_lose_or_lost_in_a_segment_alone() -> None:
    metric = segmented(CHECKOUT, mobile=0.1, desktop=0.2)

    assert not [*invert_loser(knowing(won("e1", "Show fewer reviews"), inconclusive("e2", "Shorten the form")))]
    assert not [*invert_loser(knowing(lost("e1", "Show fewer reviews", tags=("mobile",)), metrics=(metric,)))]
