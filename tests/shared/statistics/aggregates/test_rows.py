"""Tests sums from folded rows."""

from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InvalidArgument
from shared.statistics.aggregates.rows import StatisticsRow, sums_from_rows
from shared.statistics.aggregates.sums import Sums, sums_from_arrays

CENTS = st.decimals(-10_000, 10_000, places=2, allow_nan=False)


def row(version: int = 1, arm: str = "a", metric: str = "m", *, values: list[str] | None = None) -> StatisticsRow:
    """Returns the row of units with these values."""
    numbers = [Decimal(value) for value in values or []]
    return StatisticsRow(
        version, arm, metric, len(numbers), sum(numbers, Decimal()), sum((x * x for x in numbers), Decimal())
    )


def sums_of(*rows: StatisticsRow) -> Sums:
    return sums_from_rows(rows, policy_versions=[1, 2], metric_ids=["m", "n"], arm_ids=["a", "b", "c"])


def test_rows_come_where_their_version_metric_and_arm_are() -> None:
    sums = sums_of(row(2, "b", "n", values=["1", "2"]))

    assert sums.shape == (2, 2, 3)
    assert sums.count[1, 1, 1] == 2
    assert sums.totals[1, 1, 1, 0] == 3
    assert sums.products[1, 1, 1, 0, 0] == 5


def test_rows_that_are_missing_are_empty_samples() -> None:
    moments = sums_of(row(2, "b", "n", values=["1", "2"])).moments()

    others = np.ones((2, 2, 3), dtype=np.bool_)
    others[1, 1, 1] = False
    assert (moments.count[others] == 0).all()
    assert (moments.mean[others] == 0).all()
    assert (moments.products[others] == 0).all()


def test_rows_of_one_place_are_added_in_any_order_alike() -> None:
    rows = [row(values=["0.1"]), row(values=["0.2"]), row(values=["1e20", "-0.3"])]

    found = {
        (sums.count[0, 0, 0], sums.totals[0, 0, 0, 0]) for sums in (sums_of(*order) for order in permutations(rows))
    }

    assert found == {(4, Fraction(10**20))}


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([1, 2]), st.sampled_from("mn"), CENTS), max_size=40),
    st.integers(0, 40),
    st.randoms(use_true_random=False),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_rows_in_shuffled_parts_add_up_to_those_of_rational_arithmetic(
    units: list[tuple[str, int, str, Decimal]], cut: int, random: Random
) -> None:
    rows = [row(version, arm, metric, values=[str(value)]) for arm, version, metric, value in units]
    random.shuffle(rows)

    merged = sums_of(*rows[cut:]) + sums_of(*rows[:cut])

    for i, j, k in np.ndindex(merged.shape):
        values = [
            Fraction(x) for arm, version, metric, x in units if (version, metric, arm) == (1 + i, "mn"[j], "abc"[k])
        ]
        assert merged.count[i, j, k] == len(values)
        assert merged.totals[i, j, k, 0] == sum(values)
        assert merged.products[i, j, k, 0, 0] == sum(x * x for x in values)


def test_pooled_rows_are_exact_where_doubles_would_not_be() -> None:
    sums = sums_of(row(1, values=["0.1"]), row(2, values=["0.2"])).pooled(0)

    assert sums.totals[0, 0, 0] == Fraction(3, 10)
    assert 0.1 + 0.2 != 0.3


def test_moments_of_values_far_from_zero_keep_every_digit() -> None:
    values = ["1000000000.25", "1000000000.5", "1000000000.75"]

    moments = sums_of(row(values=values)).moments()

    assert moments.mean[0, 0, 0, 0] == 1000000000.5
    assert moments.products[0, 0, 0, 0, 0] == 0.125


def test_moments_of_sums_with_eighty_digits_keep_every_digit() -> None:
    values = [10**39 + 1, 10**39 + 2, 10**39 + 3]
    squares = sum(value**2 for value in values)

    moments = sums_of(StatisticsRow(1, "a", "m", 3, Decimal(sum(values)), Decimal(squares))).moments()

    assert moments.products[0, 0, 0, 0, 0] == 2.0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([1, 2]), CENTS), max_size=60))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_rows_agree_with_arrays(units: list[tuple[str, int, Decimal]]) -> None:
    """Up to the rounding of decimals to doubles that arrays bring along."""
    rows = [
        row(version, arm, values=[str(x) for one, other, x in units if (one, other) == (arm, version)])
        for arm in "abc"
        for version in (1, 2)
    ]
    arms = np.array(["abc".index(arm) for arm, _, _ in units], dtype=np.int64)
    values = np.array([[float(x) for _, _, x in units]])

    by_rows = sums_of(*rows).pooled(0)[0].moments()
    by_arrays = sums_from_arrays(arms, values, arm_count=3).moments()

    assert by_rows.count.tolist() == by_arrays.count.tolist()
    np.testing.assert_allclose(by_rows.mean, by_arrays.mean, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(by_rows.products, by_arrays.products, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (row(3), "3 is not among"),
        (row(arm="d"), "'d' is not among"),
        (row(metric="o"), "'o' is not among"),
        (StatisticsRow(1, "a", "m", -1, Decimal(), Decimal()), "must be whole, from 0"),
        (StatisticsRow(1, "a", "m", 1.5, Decimal(), Decimal()), "must be whole"),  # type: ignore[arg-type]
        (StatisticsRow(1, "a", "m", 2**53 + 1, Decimal(), Decimal()), "must be whole, from 0 to 9007199254740992"),
        (StatisticsRow(1, "a", "m", 2, Decimal(4), Decimal("7.99")), "not possible"),
        (StatisticsRow(1, "a", "m", 2, Decimal(0), Decimal(-1)), "not possible"),
        (StatisticsRow(1, "a", "m", 0, Decimal(0), Decimal(1)), "not possible"),
        (StatisticsRow(1, "a", "m", 0, Decimal(1), Decimal(1)), "not possible"),
        (StatisticsRow(1, "a", "m", 2, Decimal("NaN"), Decimal(1)), "must be finite"),
        (StatisticsRow(1, "a", "m", 2, Decimal(1), Decimal("Infinity")), "must be finite"),
        (StatisticsRow(1, "a", "m", 2, Decimal(1), Decimal("1e300")), "must be finite and at most"),
    ],
)
def test_rows_that_cannot_be_are_refused(wrong: StatisticsRow, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        sums_of(wrong)


def test_rows_when_a_variance_is_just_zero_are_fine() -> None:
    sums = sums_of(StatisticsRow(1, "a", "m", 3, Decimal("0.3"), Decimal("0.03")))

    assert sums.moments().products[0, 0, 0, 0, 0] == 0.0


def test_rows_when_an_arm_is_named_twice_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="named twice"):
        sums_from_rows([], policy_versions=[1], metric_ids=["m"], arm_ids=["a", "a"])
