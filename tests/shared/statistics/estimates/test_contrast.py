"""Tests what a treatment and a control make together, whatever the test: obstacles, cautions, ends, one verdict."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.errors import InvalidArgument
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.contrast import contrast
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.result.obstacles import Caution, Obstacle

METHOD = Method("any test", Validity.ANY_TIME, (), "none")

arms = st.tuples(st.floats(-20, 20).filter(lambda value: abs(value) > 1e-3), st.floats(0.001, 1))
"""Value, variance."""


def arm(
    value: float | list[float],
    variance: float = 1.0,
    *,
    obstacle: Obstacle = Obstacle.NONE,
    caution: Caution = Caution.NONE,
    unit_count: float = 100.0,
) -> ArmEstimates:
    array = np.asarray(value, dtype=np.float64)
    return ArmEstimates(
        value=array,
        variance=np.full(array.shape, variance),
        common_variance=np.zeros(array.shape),
        degrees_of_freedom=np.full(array.shape, np.inf),
        unit_count=np.full(array.shape, unit_count),
        obstacle=np.full(array.shape, obstacle, np.int8),
        caution=np.full(array.shape, caution, np.int32),
    )


def compared(
    treatment: ArmEstimates,
    control: ArmEstimates,
    *,
    quantile: float | NDArray[np.float64] = 2.0,
    alternative: Alternative = Alternative.TWO_SIDED,
    caution: Caution = Caution.NONE,
) -> Comparison:
    return contrast(treatment, control).comparison(
        quantile=np.asarray(quantile),
        p_value=np.asarray(0.25),
        alpha=0.1,
        alternative=alternative,
        method=METHOD,
        caution=caution,
    )


def test_difference_when_arms_are_known_then_errors_add_up() -> None:
    found = contrast(arm(7.0, 9.0), arm(5.0, 16.0))

    assert [float(one) for one in (found.difference, found.standard_error, found.statistic)] == [2.0, 5.0, 0.4]


@pytest.mark.parametrize(
    ("obstacles", "variances", "expected"),
    [
        ((Obstacle.NONE, Obstacle.NONE), (1.0, 1.0), Obstacle.NONE),
        ((Obstacle.ZERO_VARIANCE, Obstacle.NONE), (0.0, 1.0), Obstacle.NONE),
        ((Obstacle.ZERO_VARIANCE, Obstacle.ZERO_VARIANCE), (0.0, 0.0), Obstacle.ZERO_VARIANCE),
        ((Obstacle.ZERO_VARIANCE, Obstacle.TOO_FEW_UNITS), (0.0, 0.0), Obstacle.TOO_FEW_UNITS),
        ((Obstacle.NO_UNITS, Obstacle.NONE), (0.0, 1.0), Obstacle.NO_UNITS),
        ((Obstacle.NO_UNITS, Obstacle.ZERO_VARIANCE), (0.0, 0.0), Obstacle.NO_UNITS),
        ((Obstacle.ZERO_DENOMINATOR, Obstacle.NONE), (0.0, 1.0), Obstacle.ZERO_DENOMINATOR),
    ],
)
def test_obstacle_when_arms_have_some_then_is_the_same_from_either_side(
    obstacles: tuple[Obstacle, Obstacle], variances: tuple[float, float], expected: Obstacle
) -> None:
    first, second = (arm(3.0, variance, obstacle=one) for one, variance in zip(obstacles, variances, strict=True))

    for found in (contrast(first, second), contrast(second, first)):
        assert found.obstacle == expected
        assert np.isnan([found.difference, found.standard_error, found.statistic]).all() == (expected != Obstacle.NONE)


def test_comparison_when_a_test_gives_its_quantile_then_ends_are_that_far_from_the_difference() -> None:
    found = compared(arm([7.0, 7.0], 9.0), arm([5.0, 5.0], 16.0), quantile=np.array([1.0, 3.0]))

    assert found.difference_low.tolist() == [-3.0, -13.0]
    assert found.difference_high.tolist() == [7.0, 17.0]
    assert found.p_value == 0.25
    assert found.alpha == 0.1
    assert found.method is METHOD


def test_comparison_when_arms_have_cautions_then_carries_all_of_them_and_its_own() -> None:
    found = compared(
        arm(7.0, caution=Caution.SKEWED), arm(5.0, caution=Caution.FEW_UNITS), caution=Caution.BEFORE_BURN_IN
    )

    assert found.caution == Caution.SKEWED | Caution.FEW_UNITS | Caution.BEFORE_BURN_IN


def test_comparison_when_one_control_is_for_all_then_every_array_has_the_common_shape() -> None:
    found = compared(arm([7.0, 8.0, 9.0], unit_count=50), arm([5.0]))

    assert found.shape == (3,)
    assert found.control.tolist() == [5.0] * 3
    assert found.treatment_unit_count.tolist() == [50] * 3
    assert found.control_unit_count.tolist() == [100] * 3
    for name in ("standard_error", "difference_low", "lift", "lift_high", "obstacle", "lift_obstacle", "caution"):
        assert getattr(found, name).shape == (3,), name


@settings(max_examples=300, deadline=None, derandomize=True)
@given(arms, arms, st.floats(0.01, 6), st.sampled_from(Alternative))
def test_verdicts_when_a_test_has_any_quantile_then_difference_and_lift_agree(
    first: tuple[float, float], second: tuple[float, float], quantile: float, alternative: Alternative
) -> None:
    found = compared(arm(*first), arm(*second), quantile=quantile, alternative=alternative)

    significant = bool((found.difference_low > 0) | (found.difference_high < 0))
    if found.lift_obstacle == 0:
        assert bool((found.lift_low > 0) | (found.lift_high < 0)) == significant


def test_contrast_when_shapes_do_not_fit_then_refuses() -> None:
    with pytest.raises(InvalidArgument, match="shapes"):
        contrast(arm([1.0, 2.0]), arm([1.0, 2.0, 3.0]))
