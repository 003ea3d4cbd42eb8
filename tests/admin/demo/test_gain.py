"""Gain over an equal split, and its interval."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.admin.demo import gain


def test_equal_split_when_rates_differ_then_expects_their_average() -> None:
    assert gain.equal_split_conversions([0.2, 0.4, 0.9], 60) == pytest.approx(30.0)


@pytest.mark.parametrize(("conversions", "share"), [(30, 0.0), (33, 0.1), (15, -0.5)])
def test_gain_when_compared_then_is_a_share_of_what_an_equal_split_expects(conversions: int, share: float) -> None:
    assert gain.gain(conversions, rates=[0.2, 0.4, 0.9], unit_count=60) == pytest.approx(share)


def test_estimate_when_of_five_values_then_is_students_interval() -> None:
    found = gain.estimate([1.0, 2.0, 3.0, 4.0, 5.0])

    # t(0.975, 4) = 2.7764 (tables); the standard error is sqrt(2.5 / 5).
    assert (found.mean, found.low, found.high) == pytest.approx(
        (3.0, 3.0 - 2.7764 * math.sqrt(0.5), 3.0 + 2.7764 * math.sqrt(0.5)), abs=1e-4
    )


def test_estimate_when_of_one_value_then_has_no_interval() -> None:
    found = gain.estimate([0.1])

    assert found.mean == pytest.approx(0.1)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@given(values=st.lists(st.floats(-1, 1), min_size=2, max_size=20), shift=st.floats(-1, 1))
def test_estimate_when_values_shift_then_shifts_with_them(values: list[float], shift: float) -> None:
    found, shifted = gain.estimate(values), gain.estimate([value + shift for value in values])

    assert found.low <= found.mean <= found.high
    assert shifted.low == pytest.approx(found.low + shift, abs=1e-6)
