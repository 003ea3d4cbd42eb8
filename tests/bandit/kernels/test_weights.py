"""Floors and whole positions: bounds hold, sums are exact."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bandit.kernels.weights import RANGE, floored, quantize

some_weights = st.lists(st.floats(0, 1), min_size=1, max_size=64).filter(lambda weights: sum(weights) > 1e-3)


def test_floored_when_bounds_are_given_then_adds_the_spare_share_in_proportion() -> None:
    weights = floored(np.array([0.0, 0.25, 0.75]), np.array([0.2, 0.1, 0.1]))

    np.testing.assert_allclose(weights, [0.2, 0.25, 0.55], rtol=1e-15)


@given(some_weights, st.data())
def test_floored_when_bounds_fit_then_nobody_is_below_and_the_sum_is_one(
    asked: list[float], data: st.DataObject
) -> None:
    weights = np.array(asked) / sum(asked)
    bounds = np.array(data.draw(st.lists(st.floats(0, 1 / len(asked)), min_size=len(asked), max_size=len(asked))))

    served = floored(weights, bounds)

    assert (served >= bounds).all()
    assert served.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("bounds", [[0.6, 0.6], [-0.1, 0.1], [0.1]])
def test_floored_when_bounds_do_not_fit_then_refuses(bounds: list[float]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        floored(np.array([0.5, 0.5]), np.array(bounds))


@given(some_weights)
def test_quantize_when_weights_are_given_then_counts_are_exact(asked: list[float]) -> None:
    weights = np.array(asked)

    counts = quantize(weights)

    assert counts.dtype == np.int64
    assert counts.sum() == RANGE
    assert ((counts > 0) == (weights > 0)).all()
    shares = [Fraction(weight) / sum(map(Fraction, asked)) * RANGE for weight in asked]
    assert max(abs(count - share) for count, share in zip(counts.tolist(), shares, strict=True)) <= len(asked) + 1


def test_quantize_when_remainders_tie_then_the_lower_index_gets_more() -> None:
    assert quantize(np.full(3, 1 / 3)).tolist() == [1431655766, 1431655765, 1431655765]


def test_quantize_when_remainders_differ_then_the_largest_gets_more() -> None:
    # 0.25, 0.5 and 0.25 of a position are left over.
    weights = (np.array([100.25, 200.5, RANGE - 300.75])) / RANGE

    assert quantize(weights).tolist() == [100, 201, RANGE - 301]


def test_quantize_when_a_weight_is_tiny_then_it_gets_one_position() -> None:
    assert quantize(np.array([1.0, 1e-30, 0.0])).tolist() == [RANGE - 1, 1, 0]


@pytest.mark.parametrize("weights", [[], [0.0, 0.0], [-1.0, 2.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_quantize_when_they_are_no_weights_then_refuses(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        quantize(np.array(weights))
