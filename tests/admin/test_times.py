"""Lengths and instants as people type them."""

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from services.admin import times
from services.admin.words import remaining, span
from shared.errors import InvalidArgument, Reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("1.5h", timedelta(minutes=90)),
        ("7d", timedelta(days=7)),
        ("0s", timedelta(0)),
    ],
)
def test_length_when_typed_then_read(text: str, expected: timedelta) -> None:
    assert times.length("--x", text) == expected


@pytest.mark.parametrize("text", ["", "7", "7w", "-1s", "1e3s", "d", "3661d", "\u0661s", "1s 1s"])
def test_length_when_it_is_none_then_names_the_flag(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        times.length("--timeout", text)
    assert caught.value.reason is Reason.INVALID_FIELD
    assert [each.field for each in caught.value.violations] == ["--timeout"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T12:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01 12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00+01:00", datetime(2026, 3, 1, 11, tzinfo=UTC)),
    ],
)
def test_instant_when_typed_then_read(text: str, expected: datetime) -> None:
    assert times.instant("--at", text) == expected


@given(st.text(max_size=30))
def test_instant_when_any_text_then_an_instant_or_a_refusal(text: str) -> None:
    try:
        found = times.instant("--at", text)
    except InvalidArgument:
        return
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(seconds=5), "5 s"),
        (timedelta(minutes=90), "1.5 h"),
        (timedelta(days=14), "14 d"),
        (timedelta(days=10.26), "10.3 d"),
    ],
)
def test_span_when_written_then_in_its_largest_unit(length: timedelta, expected: str) -> None:
    assert span(length) == expected


def test_remaining_when_an_instant_is_over_then_says_since_when() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    later = Timestamp()
    later.FromDatetime(now + timedelta(hours=3))

    assert remaining(later, now) == "in 3 h"
    assert remaining(later, now + timedelta(hours=5)) == "2 h ago"
