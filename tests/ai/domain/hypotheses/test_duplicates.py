import pytest

from services.ai.domain.hypotheses.duplicates import duplicate_of
from services.ai.domain.hypotheses.model import EffectDirection, StoredHypothesis
from services.ai.domain.hypotheses.similarity import DUPLICATE, Corpus
from tests.ai.domain.hypotheses.examples import stored

OLD = stored("Shorten the address form to its required fields")


def _found(intervention: str, **changes: object) -> StoredHypothesis | None:
    goal = {"metric_id": "checkout_rate", "direction": EffectDirection.INCREASE, **changes}
    kept = (stored("Show a progress bar"), OLD)
    return duplicate_of(
        intervention,
        goal["metric_id"],  # type: ignore[arg-type]
        goal["direction"],  # type: ignore[arg-type]
        stored=kept,
        corpus=Corpus(one.intervention for one in kept),
        segments=("mobile", "desktop"),
    )


@pytest.mark.parametrize(
    "text",
    [OLD.intervention, "Shorten address forms to required fields", "To its required fields shorten the address form."],
)
def test_the_same_in_other_words_is_a_duplicate(text: str) -> None:
    assert _found(text) == OLD


@pytest.mark.parametrize(
    "text", ["Shorten the address form", "Show reviews", "Shorten the address form to its required fields on mobile"]
)
def test_what_says_less_other_or_more_is_new(text: str) -> None:
    assert _found(text) is None


def test_another_goal_is_another_hypothesis() -> None:
    assert _found(OLD.intervention, metric_id="revenue_per_visitor") is None
    assert _found(OLD.intervention, direction=EffectDirection.DECREASE) is None


def test_nothing_is_repeated_where_nothing_is_stored() -> None:
    assert duplicate_of("Show it", "m", EffectDirection.INCREASE, stored=(), corpus=Corpus(())) is None


def test_contraries_are_no_duplicates() -> None:
    text = "Show many {} reviews of other buyers, newest first, below the price and above the fold of each product page"
    old, corpus = stored(text.format("more")), Corpus([text.format("more")])

    assert corpus.similarity(old.intervention, text.format("fewer")) >= DUPLICATE
    for word, found in (("more", old), ("fewer", None)):
        assert (
            duplicate_of(text.format(word), "checkout_rate", EffectDirection.INCREASE, stored=(old,), corpus=corpus)
            == found
        )
