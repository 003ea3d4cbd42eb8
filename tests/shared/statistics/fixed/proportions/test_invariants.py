"""What holds for any table: agreement of verdicts, ranges, mirrors, shapes."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.statistics.fixed.proportions import compare_proportions
from shared.statistics.result.method import Alternative
from tests.shared.statistics.fixed.proportions.tables import Table, compared, tables


@settings(max_examples=300, deadline=None, derandomize=True)
@given(tables(), st.floats(0.001, 0.49), st.sampled_from(Alternative))
def test_verdicts_when_there_are_several_then_agree(table: Table, alpha: float, alternative: Alternative) -> None:
    found = compared(table, alpha=alpha, alternative=alternative)

    significant = bool(found.p_value < alpha)
    assert bool((found.difference_low > 0) | (found.difference_high < 0)) == significant
    if found.lift_obstacle == 0:
        assert bool((found.lift_low > 0) | (found.lift_high < 0)) == significant


@settings(max_examples=200, deadline=None, derandomize=True)
@given(tables(most=10**6))
def test_intervals_when_arms_are_any_then_hold_the_estimate_and_stay_in_range(table: Table) -> None:
    found = compared(table)

    assert -1 <= found.difference_low <= found.difference + 1e-15
    assert found.difference - 1e-15 <= found.difference_high <= 1
    if found.lift_obstacle == 0:
        assert -1 <= found.lift_low <= found.lift + 1e-15
        assert found.lift - 1e-15 <= found.lift_high < np.inf


@settings(max_examples=100, deadline=None, derandomize=True)
@given(tables(least=1))
def test_comparison_when_arms_are_swapped_then_is_mirrored(table: Table) -> None:
    x_t, n_t, x_c, n_c = table

    there, back = compared(table), compared((x_c, n_c, x_t, n_t))

    assert there.p_value == back.p_value
    assert (there.difference_low, there.difference_high) == (-back.difference_high, -back.difference_low)
    assert 1 + there.lift_low == pytest.approx(1 / (1 + float(back.lift_high)), rel=1e-9)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(tables())
def test_difference_when_successes_and_failures_are_swapped_then_is_mirrored(table: Table) -> None:
    x_t, n_t, x_c, n_c = table

    successes, failures = compared(table), compared((n_t - x_t, n_t, n_c - x_c, n_c))

    assert successes.difference_low == pytest.approx(-float(failures.difference_high), rel=1e-9, abs=1e-14)
    assert successes.p_value == pytest.approx(float(failures.p_value), rel=1e-9)


def test_comparison_when_shapes_broadcast_then_equals_single_ones() -> None:
    successes, counts = np.array([[30, 41, 52], [3, 7, 1]]), np.array([[1_000, 900, 800], [100, 90, 80]])

    found = compare_proportions(
        treatment_successes=successes[:, 1:],
        treatment_count=counts[:, 1:],
        control_successes=successes[:, :1],
        control_count=counts[:, :1],
    )

    assert found.shape == found.control_unit_count.shape == (2, 2)
    for metric, arm in np.ndindex(2, 2):
        table = (successes[metric, arm + 1], counts[metric, arm + 1], successes[metric, 0], counts[metric, 0])
        single = compared(table)
        for name in ("difference_low", "difference_high", "lift_low", "lift_high", "p_value"):
            assert getattr(found, name)[metric, arm] == getattr(single, name)


def test_intervals_when_values_are_huge_then_are_precise_and_silent() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compared((10**12 // 2 + 10**7, 10**12, 10**12 // 2, 10**12))

    assert found.difference_high - found.difference_low == pytest.approx(
        2 * 1.959963984540054 * 0.5**0.5 * 1e-6, rel=1e-6
    )
