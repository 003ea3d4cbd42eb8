"""Texts of others on a terminal: they give it no orders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experimentation.v1 import common_pb2 as pb
from services.admin.plain_text import cleaned, plain


@pytest.mark.parametrize("text", ["checkout", "Größe, 漢字, 👍", "two\nlines", "a\tb", "می‌خواهم"])
def test_plain_when_a_text_gives_no_orders_then_stays(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize("order", ["\x1b[2J", "\x07", "\r", "\x9b31m", "\u202e", "\x7f", "\x00", "\u2066", "\ue000"])
def test_plain_when_a_text_gives_orders_then_they_are_taken_out(order: str) -> None:
    assert plain(f"a{order}b") == f"a\ufffd{order[1:]}b"


@given(st.text())
def test_plain_when_any_text_then_nothing_below_space_is_left(text: str) -> None:
    assert not {character for character in plain(text) if ord(character) < 32} - {"\n", "\t"}


def test_cleaned_when_a_message_has_texts_anywhere_then_all_are_plain_and_the_original_stays() -> None:
    dirty = pb.Experiment(
        experiment_id="a\x1bb",
        arms=[pb.Arm(arm_id="x\x07")],
        labels={"k\x1b": "v\x1b"},
        features=[pb.Feature(feature_id="f", categorical=pb.CategoricalFeature(values=["\x1b", "b"]))],
        revision=3,
    )

    clean = cleaned(dirty)

    assert clean.experiment_id == "a\ufffdb"
    assert clean.arms[0].arm_id == "x\ufffd"
    assert dict(clean.labels) == {"k\ufffd": "v\ufffd"}
    assert clean.features[0].categorical.values == ["\ufffd", "b"]
    assert clean.revision == 3
    assert dirty.experiment_id == "a\x1bb"
