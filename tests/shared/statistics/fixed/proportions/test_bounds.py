"""Arms without success, without failure or without units, and impossible counts."""

import numpy as np
import pytest
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.fixed.proportions import compare_proportions
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Caution, Obstacle
from tests.shared.statistics.fixed.proportions.reference import chi_squared_of_difference, chi_squared_of_ratio
from tests.shared.statistics.fixed.proportions.tables import Table, compared


@pytest.mark.parametrize("table", [(0, 50, 7, 60), (50, 50, 53, 60), (50, 50, 60, 60), (0, 50, 60, 60)])
def test_difference_when_an_arm_is_at_its_bound_then_agrees_with_brute_force(table: Table) -> None:
    found = compared(table)

    for end in (float(found.difference_low), float(found.difference_high)):
        if abs(end) < 1:
            assert chi_squared_of_difference(table, end) == pytest.approx(stats.chi2.isf(0.05, 1), rel=1e-7)


def test_lift_when_treatment_is_all_successes_then_statistic_at_its_ends_is_the_quantile() -> None:
    # By hand: with all 50 of 50 in the treatment, p_T is 1 where p_C may be 1 / ratio at most, and free below.
    found = compared((50, 50, 30, 60))

    for end in (float(found.lift_low), float(found.lift_high)):
        assert chi_squared_of_ratio(50, 50, 30, 60, 1 + end) == pytest.approx(stats.chi2.isf(0.05, 1), rel=1e-8)


def test_comparison_when_no_arm_has_a_success_then_difference_is_bounded_and_lift_is_not() -> None:
    found = compared((0, 1_000, 0, 3_000))

    c = stats.chi2.isf(0.05, 1) * 4_000 / 3_999
    assert found.difference_high == pytest.approx(c / (1_000 + c), rel=1e-12)  # Wilson's end for 0 of n.
    assert found.difference_low == pytest.approx(-c / (3_000 + c), rel=1e-12)
    assert found.p_value == 1
    assert found.obstacle == Obstacle.NONE
    assert found.lift_obstacle == Obstacle.ZERO_CONTROL
    assert found.caution == Caution.FEW_EVENTS


def test_comparison_when_the_control_has_no_success_then_only_the_lift_is_missing() -> None:
    found = compared((30, 1_000, 0, 1_000))

    assert found.lift_obstacle == Obstacle.ZERO_CONTROL
    assert np.isnan([found.lift, found.lift_low, found.lift_high]).all()
    assert found.difference_low > 0
    assert found.p_value < 1e-6


def test_comparison_when_the_treatment_has_no_success_then_lift_reaches_down_to_minus_1() -> None:
    found = compared((0, 1_000, 30, 1_000))

    assert found.lift_low == found.lift == -1
    assert -1 < found.lift_high < -0.8


@pytest.mark.parametrize("alternative", Alternative)
def test_comparison_when_an_arm_is_empty_then_says_so(alternative: Alternative) -> None:
    found = compare_proportions(
        treatment_successes=[0, 3],
        treatment_count=[0, 9],
        control_successes=[3, 0],
        control_count=[9, 0],
        alternative=alternative,
    )

    assert (found.obstacle == Obstacle.NO_UNITS).all()
    assert (found.lift_obstacle == Obstacle.NO_UNITS).all()
    for name in ("difference", "difference_low", "difference_high", "lift", "lift_low", "lift_high", "p_value"):
        assert np.isnan(getattr(found, name)).all(), name


@pytest.mark.parametrize(
    ("successes", "count"), [(5, 4), (-1, 4), (1.5, 4), (float("nan"), 4), (1, 2.5), (1, float("inf"))]
)
def test_comparison_when_counts_are_impossible_then_refuses(successes: float, count: float) -> None:
    with pytest.raises(InvalidArgument, match="control_"):
        compare_proportions(treatment_successes=1, treatment_count=2, control_successes=successes, control_count=count)
