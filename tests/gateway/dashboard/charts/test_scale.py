"""Scales and the round values at which axes are marked."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.dashboard.charts.scale import Scale, around, ticks, time_ticks
from tests.gateway.dashboard.examples import instant


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 9))
def test_marks_are_few_and_within(low: float, width: float, most: int) -> None:
    found = ticks(low, low + width, most)

    assert len(found) <= most
    slack = 1e-6 * max(abs(low), width, 1)
    assert all(low - slack <= value <= low + width + slack for value in found)


def test_marks_are_round() -> None:
    assert ticks(0.0, 1.0, 5) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert ticks(-20.0, 20.0, 5) == [-20.0, -10.0, 0.0, 10.0, 20.0]


@pytest.mark.parametrize("hours", [0, 1, 30, 24 * 14, 24 * 400])
def test_marks_of_time_are_few_and_within(hours: int) -> None:
    last = instant() + timedelta(hours=hours)

    found = time_ticks(instant(), last)

    assert 1 <= len(found) <= 8
    assert all(instant() <= moment <= last for moment in found)


def test_what_is_beyond_an_end_is_placed_there() -> None:
    scale = Scale(0, 10, 100, 200)

    assert [scale(value) for value in (-5, 0, 5, 10, 99)] == [100, 100, 150, 200, 200]


def test_ends_are_never_one_point() -> None:
    for values in ([], [0.0], [5.0], [float("nan")], [1.0, 2.0]):
        low, high = around(values)
        assert low < high
