import math

import pytest

from services.ai.domain.hypotheses.similarity import DUPLICATE, Corpus, tokens

TEXTS = ("Shorten the checkout form", "Show a progress bar", "Show customer reviews")


def test_words_count_without_case_plural_and_stop_words() -> None:
    assert tokens("Show THE Reviews of \uff2d\uff2f\uff22\uff29\uff2c\uff25 users") == (
        "show",
        "review",
        "mobile",
        "user",
    )
    assert tokens("press status basis") == ("press", "status", "basis")


def test_a_segment_is_one_word() -> None:
    assert tokens("Serve it to device=mobile") == ("serve", "device=mobile")


def test_similarity_is_the_cosine_of_rarity_weights() -> None:
    shared, rare = math.log(4 / 3) + 1, math.log(4 / 2) + 1

    found = Corpus(TEXTS).similarity("show bar", "show reviews")

    assert found == pytest.approx(shared**2 / (shared**2 + rare**2))


def test_the_same_words_in_another_order_are_the_same() -> None:
    assert Corpus(TEXTS).similarity("The form of the checkout: shorten", "Shorten checkout forms") == pytest.approx(1)


def test_nothing_is_alike_to_a_text_without_words() -> None:
    assert Corpus(TEXTS).similarity("", "Show a progress bar") == 0
    assert Corpus(()).similarity("Show a bar", "Hide the menu") == 0


def test_a_long_quotation_does_not_make_alike_what_is_said_of_it() -> None:
    quotation = "\u201cAsk for the delivery address only after the payment method was chosen by the customer\u201d"
    corpus = Corpus([quotation])

    assert corpus.similarity(f"Try a stronger variant of e1 ({quotation})", f"Repeat e1 ({quotation})") < DUPLICATE
    assert corpus.similarity(f"Repeat e1 ({quotation})", f"Repeat e1 ({quotation}) ") == pytest.approx(1)


def test_most_alike_is_the_first_of_several() -> None:
    corpus = Corpus(TEXTS)

    assert corpus.most_alike("show a bar", TEXTS) == (1, corpus.similarity("show a bar", TEXTS[1]))
    assert (corpus.most_alike("show", ["Show it", "Show it"]) or (1,))[0] == 0
    assert corpus.most_alike("show", []) is None
