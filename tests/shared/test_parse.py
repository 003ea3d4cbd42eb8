"""Texts to values."""

from datetime import timedelta

import pytest

from shared import parse


@pytest.mark.parametrize("text", ["True", "true", "1"])
def test_parse_when_a_word_or_digit_for_yes_then_is_true(text: str) -> None:
    assert parse.parse(bool, text) is True


@pytest.mark.parametrize("text", ["False", "false", "0"])
def test_parse_when_a_word_or_digit_for_no_then_is_false(text: str) -> None:
    assert parse.parse(bool, text) is False


def test_parse_when_timedelta_then_reads_seconds() -> None:
    assert parse.parse(timedelta, "0.25") == timedelta(milliseconds=250)


def test_parse_when_tuple_then_splits_at_commas_and_drops_blanks() -> None:
    assert parse.parse(tuple[str, ...], " a ,, b") == ("a", "b")


def test_parse_when_the_type_is_not_readable_then_is_a_defect() -> None:
    with pytest.raises(TypeError, match="not read as"):
        parse.parse(complex, "1")
