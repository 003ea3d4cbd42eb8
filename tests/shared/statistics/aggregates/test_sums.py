"""Tests exact sums against rational arithmetic, row by row."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.errors import InvalidArgument, Reason
from shared.statistics.aggregates import _digit_sums
from shared.statistics.aggregates.sums import LARGEST, Sums, sums_from_arrays

FLOATS = st.floats(-LARGEST, LARGEST, allow_subnormal=True)
ORDINARY = st.floats(-1e6, 1e6) | st.integers(-1000, 1000).map(float)


@st.composite
def samples(
    draw: st.DrawFn, floats: st.SearchStrategy[float] = FLOATS | ORDINARY
) -> tuple[list[int], list[list[float]]]:
    """Draws rows of three arms with two variables."""
    rows = draw(st.integers(0, 40))
    arms = draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows))
    return arms, [draw(st.lists(floats, min_size=rows, max_size=rows)) for _ in range(2)]


@st.composite
def units(draw: st.DrawFn) -> NDArray[np.float64]:
    """Draws units of one arm: value, covariate, numerator and denominator, shape (4, units)."""
    count = draw(st.integers(1, 30))
    return np.array([draw(st.lists(ORDINARY, min_size=count, max_size=count)) for _ in range(4)])


def slow_sums(arms: Any, values: Any, arm_count: int) -> tuple[list[int], list[Any], list[Any]]:
    """Returns counts, totals and products, one row after the other."""
    columns = [[Fraction(float(x)) for x in column] for column in values]
    counts, totals, products = [], [], []
    for arm in range(arm_count):
        rows = [row for row, one in enumerate(arms) if one == arm]
        counts.append(len(rows))
        totals.append([sum((x[row] for row in rows), Fraction()) for x in columns])
        products.append([[sum((x[row] * y[row] for row in rows), Fraction()) for y in columns] for x in columns])
    return counts, totals, products


def as_lists(sums: Sums) -> tuple[list[int], list[Any], list[Any]]:
    return sums.count.tolist(), sums.totals.tolist(), sums.products.tolist()


def is_same(first: Sums, second: Sums) -> bool:
    """Says whether all entries are equal, with nothing rounded."""
    return as_lists(first) == as_lists(second)


def some_values(seed: int, *shape: int) -> NDArray[np.float64]:
    """Returns numbers whose sums depend on the order, if they are rounded."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.lognormal(0.0, 3.0, shape) * rng.choice([-1.0, 1.0], shape))


@given(samples())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_sums_of_any_doubles_are_those_of_rational_arithmetic(sample: tuple[list[int], list[list[float]]]) -> None:
    arms, values = sample

    sums = sums_from_arrays(np.array(arms, dtype=np.int64), np.array(values).reshape(2, -1), arm_count=3)

    assert as_lists(sums) == slow_sums(arms, values, 3)


def test_sums_of_several_blocks_are_those_of_rational_arithmetic() -> None:
    rows = 2 * _digit_sums._BLOCK + 17
    arms = np.random.default_rng(1).integers(0, 3, rows)
    values = some_values(2, 1, rows)

    sums = sums_from_arrays(arms, values, arm_count=3)

    assert as_lists(sums) == slow_sums(arms, values, 3)


def test_sums_of_more_than_a_slab_of_rows_leave_none_out() -> None:
    rows = _digit_sums.SLAB + 5
    arms = np.arange(rows) % 2

    sums = sums_from_arrays(arms, np.full((1, rows), 3.0), arm_count=2)

    assert sums.count.tolist() == [(rows + 1) // 2, rows // 2]
    assert sums.products[:, 0, 0].tolist() == [9 * (rows + 1) // 2 - (9 * (rows + 1) % 2), 9 * (rows // 2)]


@pytest.mark.parametrize(
    "value", [np.nextafter(1.0, 0.0), -np.nextafter(2.0, 0.0), LARGEST, 5e-324, 2.0**-26 - 2.0**-53]
)
def test_sums_of_runs_of_the_largest_digits_do_not_overflow(value: float) -> None:
    rows = 3 * _digit_sums._RUN

    sums = sums_from_arrays(np.zeros(rows, dtype=np.int8), np.full((1, rows), value), arm_count=1)

    assert sums.totals[0, 0] == rows * Fraction(value)
    assert sums.products[0, 0, 0] == rows * Fraction(value) ** 2


@given(samples(), st.integers(0, 40), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_sums_of_shuffled_parts_when_merged_are_those_of_the_whole(
    sample: tuple[list[int], list[list[float]]], cut: int, random: Any
) -> None:
    arms, values = np.array(sample[0], dtype=np.int64), np.array(sample[1]).reshape(2, -1)
    order = np.array(random.sample(range(arms.size), arms.size), dtype=np.int64)
    first, second = order[:cut], order[cut:]

    merged = sums_from_arrays(arms[second], values[:, second], arm_count=3) + sums_from_arrays(
        arms[first], values[:, first], arm_count=3
    )

    assert is_same(merged, sums_from_arrays(arms, values, arm_count=3))


@given(units(), st.integers(0, 30))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_moments_of_merged_parts_are_the_doubles_nearest_to_those_of_rational_arithmetic(
    values: NDArray[np.float64], cut: int
) -> None:
    count = values.shape[1]
    exact = [[Fraction(float(x)) for x in column] for column in values]
    means = [sum(column, Fraction()) / count for column in exact]
    centred = [[x - mean for x in column] for column, mean in zip(exact, means, strict=True)]

    parts = [sums_from_arrays(np.zeros(x.shape[1], int), x, arm_count=1) for x in (values[:, :cut], values[:, cut:])]
    moments = (parts[0] + parts[1]).moments()

    assert moments.count.tolist() == [count]
    assert moments.mean[0].tolist() == [float(mean) for mean in means]
    assert moments.products[0].tolist() == [
        [float(sum((x * y for x, y in zip(one, other, strict=True)), Fraction())) for other in centred]
        for one in centred
    ]


@given(st.lists(FLOATS | ORDINARY, max_size=60))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_totals_when_rounded_are_those_of_fsum(values: list[float]) -> None:
    sums = sums_from_arrays(np.zeros(len(values), int), [values], arm_count=1)

    assert float(sums.totals[0, 0]) == math.fsum(values)


def test_products_agree_with_long_doubles() -> None:
    values = np.random.default_rng(13).normal(size=(4, 5000))
    wide = values.astype(np.longdouble)

    products = sums_from_arrays(np.zeros(5000, int), values, arm_count=1).products[0].astype(np.float64)

    np.testing.assert_allclose(products, (wide[:, None] * wide[None, :]).sum(axis=-1).astype(np.float64), rtol=1e-14)


def test_sums_of_many_parts_give_the_same_bits_in_every_order() -> None:
    rng = np.random.default_rng(3)
    rows = 50_000
    arms, values = rng.integers(0, 2, rows), some_values(4, 2, rows)
    parts = [sums_from_arrays(arms[i::37], values[:, i::37], arm_count=2) for i in range(37)]
    whole = sums_from_arrays(arms, values, arm_count=2).moments()

    for _ in range(3):
        rng.shuffle(parts)
        merged = sum(parts[1:], parts[0]).moments()

        assert merged.mean.tobytes() == whole.mean.tobytes()
        assert merged.products.tobytes() == whole.products.tobytes()


def test_plain_sums_when_parts_are_shuffled_give_other_bits() -> None:
    """Shows that the test above can fail."""
    values = some_values(4, 50_000)
    parts = [float(values[i::37].sum()) for i in range(37)]

    assert sum(parts) != sum(reversed(parts))


def test_add_when_grouped_otherwise_is_the_same() -> None:
    first, second, third = (sums_from_arrays(np.zeros(100, int), some_values(i, 1, 100), arm_count=1) for i in range(3))

    assert is_same((first + second) + third, first + (second + third))
    assert is_same(first + second, second + first)


@pytest.mark.parametrize("offset", [1e9, -1e12, 1e15])
def test_moments_of_values_far_from_zero_lose_no_digits(offset: float) -> None:
    values = offset + np.random.default_rng(5).normal(size=20_000)
    exact = [Fraction(float(x)) for x in values]
    mean = sum(exact, Fraction()) / len(exact)
    deviations = sum(((x - mean) ** 2 for x in exact), Fraction())

    moments = sums_from_arrays(np.zeros(values.size, int), values[None], arm_count=1).moments()

    assert moments.mean[0, 0] == float(mean)
    assert moments.products[0, 0, 0] == float(deviations)


def test_moments_agree_with_numpy() -> None:
    rng = np.random.default_rng(6)
    arms, values = rng.integers(0, 3, 5000), rng.normal(size=(4, 5000))

    moments = sums_from_arrays(arms, values, arm_count=3).moments()

    for arm in range(3):
        np.testing.assert_allclose(moments.mean[arm], values[:, arms == arm].mean(axis=1), rtol=1e-9)
        np.testing.assert_allclose(moments.covariance()[arm], np.cov(values[:, arms == arm]), rtol=1e-9, atol=1e-15)


def test_moments_when_an_arm_is_empty_are_zero() -> None:
    moments = sums_from_arrays([0, 0], [[1.0, 2.0]], arm_count=2).moments()

    assert moments.count.tolist() == [2.0, 0.0]
    assert moments.mean[1, 0] == 0.0
    assert moments.products[1, 0, 0] == 0.0


def test_moments_when_all_values_are_alike_have_no_variance_at_all() -> None:
    moments = sums_from_arrays([0] * 7, [[0.1] * 7], arm_count=1).moments()

    assert moments.mean[0, 0] == 0.1
    assert moments.products[0, 0, 0] == 0.0


def test_sums_of_several_metrics_are_those_of_each() -> None:
    arms, values = np.random.default_rng(7).integers(0, 3, 200), some_values(8, 4, 5, 2, 200)

    sums = sums_from_arrays(arms, values, arm_count=3)

    assert sums.shape == (4, 5, 3)
    assert is_same(sums[2, 3], sums_from_arrays(arms, values[2, 3], arm_count=3))


def test_sums_without_rows_are_empty_samples() -> None:
    sums = sums_from_arrays([], np.empty((2, 0)), arm_count=3)

    assert as_lists(sums) == slow_sums([], [[], []], 3)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64, ">i4"])
def test_sums_take_any_integers_as_arms(dtype: Any) -> None:
    arms, values = np.arange(30) % 3, some_values(9, 1, 30)

    assert is_same(
        sums_from_arrays(arms.astype(dtype), values, arm_count=3), sums_from_arrays(arms, values, arm_count=3)
    )


def test_sums_of_columns_in_any_layout_are_the_same() -> None:
    arms, values = np.arange(60) % 3, some_values(10, 2, 60)
    frozen = values.copy()
    frozen.flags.writeable = False
    expected = sums_from_arrays(arms, values, arm_count=3)

    assert is_same(sums_from_arrays(arms, np.asfortranarray(values), arm_count=3), expected)
    assert is_same(sums_from_arrays(arms[::-1], values[:, ::-1], arm_count=3), expected)
    assert is_same(sums_from_arrays(arms, frozen, arm_count=3), expected)


def test_sums_leave_their_input_alone() -> None:
    arms, values = np.arange(60) % 3, some_values(11, 2, 60)
    before = values.copy()

    sums_from_arrays(arms, values, arm_count=3)

    assert (values == before).all()
    assert values.flags.writeable


def test_pooled_is_the_sum_over_the_axis() -> None:
    arms, values = np.arange(60) % 3, some_values(12, 2, 1, 60)
    sums = sums_from_arrays(arms, values, arm_count=3)

    assert is_same(sums.pooled(), sums[:, 0] + sums[:, 1] + sums[:, 2])
    assert is_same(sums.pooled(0), sums[0] + sums[1])


@pytest.mark.parametrize("axis", [2, -3, 7])
def test_pooled_over_an_axis_that_is_not_there_is_refused(axis: int) -> None:
    sums = sums_from_arrays(np.arange(60) % 3, some_values(12, 2, 1, 60), arm_count=3)

    with pytest.raises(InvalidArgument, match="2 axes"):
        sums.pooled(axis)
    with pytest.raises(InvalidArgument, match="0 axes"):
        sums[0, 0].pooled()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 4e144, -1.7e308])
def test_sums_when_a_value_is_out_of_range_are_refused(wrong: float) -> None:
    values = np.ones((2, 3000))
    values[1, 2500] = wrong

    with pytest.raises(InvalidArgument, match="finite and at most") as raised:
        sums_from_arrays(np.zeros(3000, int), values, arm_count=1)

    assert raised.value.reason is Reason.INVALID_FIELD
    assert raised.value.violations[0].field == "values"


@pytest.mark.parametrize(
    ("arms", "shape", "arm_count", "field"),
    [
        ([0, 1, 3], (1, 3), 3, "arm_index"),
        ([0, -1, 2], (1, 3), 3, "arm_index"),
        ([0.0, 1.0, 2.0], (1, 3), 3, "arm_index"),
        ([True, False, True], (1, 3), 3, "arm_index"),
        ([[0, 1, 2]], (1, 3), 3, "arm_index"),
        ([2**40, 0, 0], (1, 3), 3, "arm_index"),
        ([0, 1, 2], (3,), 3, "values"),
        ([0, 1, 2], (1, 4), 3, "values"),
        ([0, 1, 2], (3, 1), 3, "values"),
        ([0, 0, 0], (1, 3), 0, "arm_count"),
    ],
)
def test_sums_when_arrays_do_not_fit_are_refused(arms: Any, shape: tuple[int, ...], arm_count: int, field: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        sums_from_arrays(arms, np.ones(shape), arm_count=arm_count)

    assert raised.value.violations[0].field == field


@pytest.mark.parametrize(
    ("arms", "values", "field"),
    [
        ([0, 0], [["one", "two"]], "values"),
        ([0, 0], [[1.0, 2.0], [3.0]], "values"),
        ([0, [0]], [[1.0, 2.0]], "arm_index"),
        ([None, 0], [[1.0, 2.0]], "arm_index"),
    ],
)
def test_sums_of_what_is_not_an_array_of_numbers_are_refused(arms: Any, values: Any, field: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        sums_from_arrays(arms, values, arm_count=1)

    assert raised.value.violations[0].field == field


def test_add_when_variables_or_shapes_differ_is_refused() -> None:
    one = sums_from_arrays([0, 1], np.ones((1, 2)), arm_count=2)
    two = sums_from_arrays([0, 1], np.ones((2, 2)), arm_count=2)
    three_arms = sums_from_arrays([0, 1], np.ones((1, 2)), arm_count=3)

    with pytest.raises(InvalidArgument, match="1 and 2 variables"):
        one + two
    with pytest.raises(InvalidArgument, match="do not fit"):
        one + three_arms
