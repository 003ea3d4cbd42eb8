import pytest

from services.ai.domain.hypotheses.generators.winner import extend_winner
from services.ai.domain.hypotheses.model import EffectDirection, Kin, Kinship
from tests.ai.domain.hypotheses.examples import CHECKOUT, LATENCY, RETURNS, inconclusive, knowing, lost, segmented, won

SPLIT = segmented(CHECKOUT, mobile=0.15, desktop=0.25, tablet=0.2)


def test_a_winner_in_one_segment_is_extended_to_another() -> None:
    (draft,) = extend_winner(knowing(won("e1", "Sticky button", tags=("mobile",)), metrics=(SPLIT,)))

    assert draft.intervention == "Apply the change of {{X1}} to {{S2}}"
    assert (draft.metric, draft.segment, draft.direction) == ("M1", "S2", EffectDirection.INCREASE)
    assert draft.builds_on == (Kin("X1", Kinship.VARIATION),)


def test_a_winner_on_one_surface_is_extended_to_one_that_others_name() -> None:
    rows = (won("e1", "Show a bar", tags=("cart",)), lost("e2", "Hide it", tags=("search",)))

    (draft,) = extend_winner(knowing(*rows))

    assert draft.intervention == "Apply the change of {{X1}} at search"


@pytest.mark.parametrize(
    "tag", ["device=tv", "page 2", "search and ship it", "https://a.b/c", "a b c d e", "{{V1}}", "twice as fast page"]
)
def test_a_tag_that_is_more_than_the_name_of_a_place_is_no_surface(tag: str) -> None:
    rows = (won("e1", "Show a bar", tags=("cart",)), lost("e2", "Hide it", tags=(tag,)))

    assert not [*extend_winner(knowing(*rows))]


def test_a_winner_everywhere_is_tried_in_a_stronger_variant() -> None:
    (draft,) = extend_winner(knowing(won("e1", "Show a bar")))

    assert draft.intervention == "Try a stronger variant of the change of {{X1}}"


def test_less_is_wanted_of_what_should_be_low() -> None:
    (draft,) = extend_winner(knowing(won("e1", "Show a bar", -0.1, metric_id="return_rate"), metrics=(RETURNS,)))

    assert draft.direction is EffectDirection.DECREASE


def test_nothing_is_extended_that_did_not_win_or_has_nowhere_to_go() -> None:
    everywhere = [won("e1", "Sticky button", tags=(name,)) for name in ("mobile", "desktop", "tablet")]

    assert not [*extend_winner(knowing(lost("e1", "Show a bar"), inconclusive("e2", "Hide it")))]
    assert not [*extend_winner(knowing(*everywhere, metrics=(SPLIT,)))]
    assert not [*extend_winner(knowing(won("e1", "Show a bar", tags=("cart",))))]
    assert not [*extend_winner(knowing(won("e1", "Show bars"), won("e2", "Show a bar")))]
    guardrail = won("e1", "Show a bar", -0.1, metric_id="page_latency")
    assert not [*extend_winner(knowing(guardrail, metrics=(LATENCY,)))]


def test_a_segment_is_tried_where_all_units_were() -> None:
    rows = (won("e1", "Sticky button", tags=("mobile",)), inconclusive("e2", "Sticky button"))

    assert not [*extend_winner(knowing(*rows, metrics=(SPLIT,)))]
