"""Tests what each check lets through and what it refuses."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shared.errors import InvalidArgument, Reason
from shared.statistics.result import checks

CHECKS = [checks.finite, checks.not_negative, checks.positive, checks.counts, checks.shares]


@pytest.mark.parametrize(
    ("check", "values"),
    [
        (checks.finite, [-1.5, 0, 1e308]),
        (checks.not_negative, [0, 5e-324, 1e308]),
        (checks.positive, [5e-324, 1]),
        (checks.counts, [0, 1, 2**53]),
        (checks.shares, [0, 0.5, 1]),
    ],
)
def test_values_inside_the_range_come_back_as_doubles(check: Callable[[str, Any], Any], values: list[float]) -> None:
    found = check("x", values)

    assert found.dtype == np.float64
    assert found.tolist() == values


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (checks.not_negative, -5e-324),
        (checks.positive, 0),
        (checks.positive, -1),
        (checks.counts, -1),
        (checks.counts, 0.5),
        (checks.shares, -1e-16),
        (checks.shares, 1 + 1e-15),
    ],
)
def test_values_just_outside_the_range_are_refused(check: Callable[[str, Any], Any], value: float) -> None:
    with pytest.raises(InvalidArgument):
        check("x", [1, value])


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, None, "many", [[1], [1, 2]], 1j])
def test_what_is_no_finite_number_is_refused(check: Callable[[str, Any], Any], value: Any) -> None:
    with pytest.raises(InvalidArgument) as raised:
        check("x", value)

    assert raised.value.reason is Reason.INVALID_FIELD
    assert raised.value.violations[0].field == "x"


@pytest.mark.parametrize("check", CHECKS)
def test_nothing_at_all_is_fine(check: Callable[[str, Any], Any]) -> None:
    assert check("x", []).size == 0


def test_a_refusal_names_the_number_and_the_rule() -> None:
    with pytest.raises(InvalidArgument, match=r"share: 1\.5, must be in \[0, 1\]"):
        checks.shares("share", [[0.5, 1.5]])


@pytest.mark.parametrize("value", [1e-300, 0.05, 0.4999])
def test_alpha_inside_its_range_comes_back(value: float) -> None:
    assert checks.alpha(value) == value


@pytest.mark.parametrize("value", [0.0, -0.05, 0.5, 0.95, 1.0, np.nan, np.inf])
def test_alpha_outside_its_range_is_refused(value: float) -> None:
    with pytest.raises(InvalidArgument, match="beta: "):
        checks.alpha(value, name="beta")


def test_shapes_that_broadcast_are_fine() -> None:
    checks.same_shape(first=np.ones((3, 1)), second=np.ones(4), third=np.array(1.0))


def test_shapes_that_do_not_broadcast_are_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"first \(3,\), second \(4,\)"):
        checks.same_shape(first=np.ones(3), second=np.ones(4))
