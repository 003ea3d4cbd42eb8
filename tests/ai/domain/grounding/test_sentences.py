"""Plain sentences in many wordings, kept beside the rules: the true ones pass, the false ones are dropped."""

import json
from pathlib import Path

import pytest

from services.ai.domain.grounding.checking import check
from services.ai.evaluation.cases import cases

CASES = {case.name: case for case in cases()}
HERE = Path(__file__)
FALSE = json.loads(HERE.with_name("false_sentences.json").read_text("utf-8"))
TRUE = json.loads(HERE.with_name("true_sentences.json").read_text("utf-8"))


@pytest.mark.parametrize("name", FALSE)
def test_sentences_when_they_say_something_else_than_their_claim_then_are_dropped(name: str) -> None:
    case = CASES[name]

    published = [text for text in FALSE[name] if not check(case.answer(text), case.pack).dropped_count]

    assert FALSE[name]
    assert published == []


@pytest.mark.parametrize("name", TRUE)
def test_sentences_when_they_are_plain_and_true_then_pass(name: str) -> None:
    case = CASES[name]

    dropped = [text for text in TRUE[name] if check(case.answer(text), case.pack).dropped_count]

    assert TRUE[name]
    assert dropped == []
