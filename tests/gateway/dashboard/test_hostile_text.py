"""Texts with markup, scripts, and characters that hide or turn: every page shows them harmlessly, in every field."""

import re
from collections.abc import MutableMapping
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.paths import PAGES
from tests.gateway.dashboard.visitor import Visitor

BAD = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}\u202egnp.exe\u2066\u200b\u2028\x00\x1b[31m\ufeff"
)
_NAMES_OF_PATHS = {"sha256", "evidence_sha256", "canonical_json"}


@pytest.fixture
def spoilt(canned: Canned) -> Canned:
    """Answers with such texts in every field."""
    canned.answers = {name: _spoilt_answer(answer) for name, answer in canned.answers.items()}
    return canned


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_it_harmlessly(spoilt: Canned, rob: Visitor, name: str) -> None:
    answer = rob.see(PAGES[name])

    assert answer.status_code == 200
    text = answer.text
    assert "<script>alert" not in text
    assert "<img" not in text
    assert re.findall(r"<[^>]*\son\w+\s*=\s*[\"'a-z]", _without_values(text)) == []
    assert re.findall(r"[\u202a-\u202e\u2066-\u2069\u200b\u2028\x00\x1b\ufeff]", text) == []
    assert ">49<" not in text


@pytest.mark.parametrize("name", ["experiment", "bandit", "design"])
def test_a_chart_that_is_downloaded_holds_it_harmlessly(spoilt: Canned, rob: Visitor, name: str) -> None:
    found = re.findall(r"download=([a-z-]+\.(?:svg|csv))", rob.see(PAGES[name]).text)

    for wanted in found:
        answer = rob.see(f"{PAGES[name]}?download={wanted}")
        assert answer.status_code == 200
        assert "<script" not in answer.text or wanted.endswith(".csv")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["content-disposition"].startswith("attachment")


def test_a_name_in_a_form_is_a_value_and_no_markup(spoilt: Canned, rob: Visitor) -> None:
    text = rob.see("/insights/hypotheses").text

    assert "&lt;script&gt;" in text


def _without_values(text: str) -> str:
    """Returns markup without what stands between quotes, where anything may stand."""
    return re.sub(r"\"[^\"]*\"", '""', text)


def _spoilt_answer(answer: Any) -> Any:
    if isinstance(answer, Message):
        return _spoilt(answer)
    return lambda request: _spoilt(answer(request))


def _spoilt(message: Message) -> Message:
    copy = type(message)()
    copy.CopyFrom(message)
    _spoil(copy)
    return copy


def _spoil(message: Message) -> None:
    for field, value in message.ListFields():
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            _spoil_map(value)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            for part in value if field.is_repeated else [value]:
                _spoil(part)
        elif field.type == FieldDescriptor.TYPE_STRING and field.name not in _NAMES_OF_PATHS:
            if field.is_repeated:
                value[:] = [text + BAD for text in value]
            else:
                setattr(message, field.name, value + BAD)


def _spoil_map(pairs: MutableMapping[str, Any]) -> None:
    texts = {key + BAD: value + BAD for key, value in pairs.items() if isinstance(value, str)}
    if texts:
        pairs.clear()
        pairs.update(texts)
