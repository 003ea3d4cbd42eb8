from services.ai.domain.hypotheses.knowledge import QUOTATION_LENGTH, quoted
from services.ai.domain.hypotheses.similarity import DUPLICATE
from tests.ai.domain.hypotheses.examples import CHECKOUT, knowing, segmented, won

LONG = "Show many {} reviews of other buyers, newest first, below the price and above the fold of each product page"


def test_contraries_are_not_alike_however_many_words_they_share() -> None:
    knowledge = knowing(won("e1", LONG.format("more")))

    assert knowledge.corpus.similarity(LONG.format("more"), LONG.format("fewer")) >= DUPLICATE
    assert not knowledge.are_alike(LONG.format("more"), LONG.format("fewer"))
    assert knowledge.are_alike(LONG.format("more"), LONG.format("more"))


def test_slots_are_filled_with_names_and_what_was_tried() -> None:
    metric = segmented(CHECKOUT, mobile=0.1, desktop=0.2)
    knowledge = knowing(won("e1", "Show a bar."), won("e2", " "), metrics=(metric,))

    text = knowledge.filled("Try {{X1}} like {{X2}} for {{M1}} in {{S1}}")

    assert text == "Try e1 (\u201cShow a bar\u201d) like e2 for Checkout rate in mobile"


def test_a_quotation_is_cleaned_and_cut() -> None:
    assert quoted("Say \u201cgo\u201d\u200b\nnow. ") == "\u201cSay 'go' now\u201d"
    assert len(quoted("x" * 999)) == QUOTATION_LENGTH + 2


def test_what_is_not_known_is_nothing() -> None:
    knowledge = knowing()

    assert knowledge.band("M9") is None
    assert knowledge.segment("M1", "S9") is None
    assert knowledge.record.near(0.5) == (0, 0)
