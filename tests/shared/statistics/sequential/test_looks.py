"""Looks of a group-sequential experiment: when the last one has come, and which bounds follow."""

import math

import pytest
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.result.method import Alternative
from shared.statistics.sequential.group_sequential import crossing_probabilities, z_bounds
from shared.statistics.sequential.looks import Looks
from shared.statistics.sequential.spending import OBRIEN_FLEMING_TYPE, POCOCK_TYPE

TWO_SIDED, GREATER, LESS = Alternative.TWO_SIDED, Alternative.GREATER, Alternative.LESS


@pytest.mark.parametrize(
    ("information", "ends_early", "is_final"),
    [
        ([0.5], False, False),
        ([0.5, 0.999], False, False),
        ([0.5, 1.0], False, True),
        ([0.5, 1.2], False, True),
        ([0.5, 0.8], True, True),
    ],
)
def test_last_look_is_the_one_with_all_information_or_the_one_that_is_said_to_be(
    *, information: list[float], ends_early: bool, is_final: bool
) -> None:
    assert Looks(information, POCOCK_TYPE, ends_early).is_final == is_final


@pytest.mark.parametrize("alternative", list(Alternative))
def test_bounds_are_those_that_spend_the_error_rate(alternative: Alternative) -> None:
    found = Looks([0.3, 0.7], POCOCK_TYPE).bounds(0.05, alternative)

    expected = z_bounds([0.3, 0.7], alpha=0.05, alternative=alternative, spending=POCOCK_TYPE)
    assert found.upper.tolist() == expected.upper.tolist()
    assert found.lower.tolist() == expected.lower.tolist()


def test_one_look_with_all_information_has_the_bound_of_a_fixed_look() -> None:
    found = Looks([1.0], OBRIEN_FLEMING_TYPE).bounds(0.05, TWO_SIDED)

    assert float(found.upper[0]) == pytest.approx(stats.norm.isf(0.025), rel=1e-10)


@pytest.mark.parametrize("information", [[0.3, 0.8], [0.5, 1.2], [0.2, 0.6, 1.0]])
def test_last_look_spends_what_is_left(information: list[float]) -> None:
    looks = Looks(information, OBRIEN_FLEMING_TYPE, ends_early=True)

    found = crossing_probabilities(looks.bounds(0.05, GREATER), information, 0.0)

    assert found.upper.sum() == pytest.approx(0.05, abs=1e-11)


def test_look_that_is_not_the_last_leaves_something() -> None:
    found = crossing_probabilities(Looks([0.3, 0.8], OBRIEN_FLEMING_TYPE).bounds(0.05, GREATER), [0.3, 0.8], 0.0)

    assert found.upper.sum() == pytest.approx(OBRIEN_FLEMING_TYPE.spent([0.8], 0.05)[0], abs=1e-11)
    assert found.upper.sum() < 0.04


def test_one_sided_bounds_have_no_lower_side() -> None:
    assert Looks([0.5, 1.0], POCOCK_TYPE).bounds(0.05, LESS).lower.tolist() == [-math.inf, -math.inf]


@pytest.mark.parametrize("information", [[0.5, 0.4], [0.0, 1.0], [math.nan]])
def test_information_that_does_not_rise_is_refused(information: list[float]) -> None:
    with pytest.raises(InvalidArgument, match="information"):
        Looks(information, POCOCK_TYPE).bounds(0.05, TWO_SIDED)


@pytest.mark.parametrize("alpha", [0.0, 0.5, -0.1, math.nan])
def test_alpha_out_of_range_is_refused(alpha: float) -> None:
    with pytest.raises(InvalidArgument, match="alpha"):
        Looks([0.5, 1.0], POCOCK_TYPE).bounds(alpha, TWO_SIDED)
