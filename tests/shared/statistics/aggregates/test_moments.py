"""Tests moments against those of the values themselves."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from shared.errors import InvalidArgument, Reason
from shared.statistics.aggregates.moments import Moments, merge, merged, pooled

Floats = NDArray[np.float64]


def values(rows: int | None = None) -> st.SearchStrategy[Floats]:
    """Draws rows of two variables, none too near to 0 for a relative tolerance."""
    numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
    shape = st.just((rows, 2)) if rows is not None else st.tuples(st.integers(0, 12), st.just(2))
    return arrays.arrays(np.float64, shape, elements=numbers)


def moments_of(rows: Floats) -> Moments:
    """Returns the moments of one sample, by their definition."""
    mean = rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1])
    centred = rows - mean
    return Moments.of(len(rows), mean, centred.T @ centred)


def assert_alike(first: Moments, second: Moments) -> None:
    """Checks that they differ by no more than rounding at the scale of the values (1e6) and their squares."""
    assert first.count.tolist() == second.count.tolist()
    np.testing.assert_allclose(first.mean, second.mean, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(first.products, second.products, rtol=1e-12, atol=1e-2)


def three_samples() -> Moments:
    """Returns samples of shape (2, 3) of two variables."""
    rng = np.random.default_rng(1)
    parts = [[moments_of(rng.normal(size=(n, 2))) for n in sizes] for sizes in ([5, 0, 9], [1, 2, 30])]
    return Moments.of(
        *(np.array([[getattr(part, name) for part in row] for row in parts]) for name in ("count", "mean", "products"))
    )


@given(values(), values())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_merge_of_two_parts_is_the_whole(first: Floats, second: Floats) -> None:
    whole = moments_of(np.concatenate([first, second]))

    assert_alike(merge(moments_of(first), moments_of(second)), whole)


@given(values(), values())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_merge_is_commutative(first: Floats, second: Floats) -> None:
    assert_alike(merge(moments_of(first), moments_of(second)), merge(moments_of(second), moments_of(first)))


@given(values(), values(), values())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_merge_is_associative(first: Floats, second: Floats, third: Floats) -> None:
    one, two, three = map(moments_of, (first, second, third))

    assert_alike(merge(merge(one, two), three), merge(one, merge(two, three)))


@given(values())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_merge_with_an_empty_sample_changes_nothing_at_all(rows: Floats) -> None:
    one, empty = moments_of(rows), moments_of(np.empty((0, 2)))

    for both in (merge(one, empty), merge(empty, one)):
        assert both.mean.tolist() == one.mean.tolist()
        assert both.products.tolist() == one.products.tolist()


@given(values(8), values(5), st.floats(-1e6, 1e6))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_merge_when_values_are_shifted_shifts_the_mean_alone(first: Floats, second: Floats, shift: float) -> None:
    plain = merge(moments_of(first), moments_of(second))

    shifted = merge(moments_of(first + shift), moments_of(second + shift))

    assert_alike(shifted, Moments(plain.count, plain.mean + shift, plain.products))


@given(values(8), values(5), st.integers(-20, 20), st.sampled_from([1.0, -1.0]))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_merge_when_values_are_scaled_by_a_power_of_two_scales_every_bit(
    first: Floats, second: Floats, power: int, sign: float
) -> None:
    factor = sign * 2.0**power
    plain = merge(moments_of(first), moments_of(second))

    scaled = merge(moments_of(factor * first), moments_of(factor * second))

    assert (scaled.mean == factor * plain.mean).all()
    assert (scaled.products == factor**2 * plain.products).all()


def test_merge_of_a_thousand_parts_far_from_zero_keeps_the_variance() -> None:
    rows = 1e9 + np.random.default_rng(2).normal(size=(10_000, 2))

    whole = merged([moments_of(part) for part in np.array_split(rows, 1000)])

    np.testing.assert_allclose(whole.covariance(), np.cov(rows.T), rtol=1e-7, atol=1e-7)


def test_merge_broadcasts_samples() -> None:
    samples = three_samples()

    both = merge(samples, samples[0:1])

    assert both.shape == (2, 3)
    assert_alike(both[1, 2], merge(samples[1, 2], samples[0, 2]))


def test_merge_when_variables_differ_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="2 and 1 variables"):
        merge(three_samples(), three_samples().pick(0))


def test_merge_when_shapes_do_not_fit_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="do not fit"):
        merge(three_samples(), three_samples()[:, :2])


def test_merged_without_parts_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="parts"):
        merged([])


@pytest.mark.parametrize(("axis", "first", "others"), [(-1, (1, 0), [(1, 1), (1, 2)]), (0, (0, 2), [(1, 2)])])
def test_pooled_merges_the_samples_along_the_axis(axis: int, first: Any, others: Any) -> None:
    samples = three_samples()

    pool = pooled(samples, axis)

    expected = merged([samples[first], *(samples[other] for other in others)])
    assert_alike(pool[first[0] if axis == -1 else first[1]], expected)


def test_pooled_over_one_axis_after_the_other_is_the_pool_of_all() -> None:
    samples = three_samples()

    assert_alike(pooled(pooled(samples, 0)), pooled(pooled(samples, 1)))


@pytest.mark.parametrize("axis", [2, -3])
def test_pooled_over_an_axis_that_is_not_there_is_refused(axis: int) -> None:
    with pytest.raises(InvalidArgument, match="2 axes"):
        pooled(three_samples(), axis)
    with pytest.raises(InvalidArgument, match="0 axes"):
        pooled(three_samples()[0, 0])


def test_pooled_over_no_samples_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="parts"):
        pooled(three_samples()[:0], 0)


def test_pick_takes_variables_in_the_order_asked_for() -> None:
    samples = three_samples()

    picked = samples.pick(1, 0)

    assert (picked.mean[..., 0] == samples.mean[..., 1]).all()
    assert (picked.products[..., 0, 0] == samples.products[..., 1, 1]).all()
    assert (picked.products[..., 0, 1] == samples.products[..., 1, 0]).all()
    assert picked.pick(0).variable_count == 1


def test_indexing_leaves_variables_alone() -> None:
    samples = three_samples()

    assert samples[1, 2].mean.tolist() == samples.mean[1, 2].tolist()
    assert samples[:, 1].products.tolist() == samples.products[:, 1].tolist()
    assert samples[:, None].shape == (2, 1, 3)


def test_covariance_is_that_of_numpy() -> None:
    rows = np.random.default_rng(3).normal(size=(40, 2))

    np.testing.assert_allclose(moments_of(rows).covariance(), np.cov(rows.T), rtol=1e-12)


@pytest.mark.parametrize("count", [0, 1])
def test_covariance_of_fewer_than_two_units_is_zero(count: int) -> None:
    assert (moments_of(np.ones((count, 2))).covariance() == 0).all()


@given(st.integers(0, 50), st.integers(0, 50))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_successes_are_values_of_one_and_zero(successes: int, failures: int) -> None:
    rows = np.repeat([1.0, 0.0], [successes, failures])[:, None]

    found = Moments.of_successes(successes, successes + failures)

    expected = moments_of(rows)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(found.products, expected.products, rtol=1e-12, atol=1e-13)


def test_successes_broadcast_over_counts() -> None:
    assert Moments.of_successes([[1], [2]], [3, 4, 5]).shape == (2, 3)


@pytest.mark.parametrize(
    ("successes", "count", "field"),
    [
        (11, 10, "successes"),
        ([1, 6], [5, 5], "successes"),
        (-1, 10, "successes"),
        (0.5, 10, "successes"),
        (np.nan, 10, "successes"),
        (1, np.inf, "count"),
        (1, 2.5, "count"),
        (0, -1, "count"),
        ("many", 3, "successes"),
        ([1, 2], [3, 4, 5], "successes"),
    ],
)
def test_successes_that_cannot_be_are_refused(successes: Any, count: Any, field: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        Moments.of_successes(successes, count)

    assert raised.value.reason is Reason.INVALID_FIELD
    assert raised.value.violations[0].field == field


@pytest.mark.parametrize(
    ("count", "mean", "squares", "field"),
    [
        ([10], [1.0], [-1e-9], "square_deviation_sum"),
        ([10], [np.nan], [1.0], "mean"),
        ([10], [np.inf], [1.0], "mean"),
        ([10], [1.0], [np.nan], "square_deviation_sum"),
        ([10.5], [1.0], [1.0], "count"),
        ([-1], [1.0], [1.0], "count"),
        ([5, 0], [1.0, 0.0], [1.0, 1.0], "square_deviation_sum"),
        ([10, 11], [1.0], [1.0], "mean"),
        ([10, 11], [1.0, 2.0], [1.0], "square_deviation_sum"),
        ([10], [1.0, 2.0], [1.0], "mean"),
        ([10], [1.0], [1.0, 2.0], "square_deviation_sum"),
        (10, [1.0], 1.0, "mean"),
        ([10], [None], [1.0], "mean"),
    ],
)
def test_values_that_cannot_be_are_refused(count: Any, mean: Any, squares: Any, field: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        Moments.of_values(count, mean, squares)

    assert raised.value.violations[0].field == field


@pytest.mark.parametrize(
    ("products", "message"),
    [
        ([[1.0, 0.5], [0.4, 1.0]], "symmetric"),
        ([[1.0, 2.1], [2.1, 4.0]], "larger than the variances allow"),
        ([[0.0, 0.1], [0.1, 4.0]], "larger than the variances allow"),
        ([[-1.0, 0.0], [0.0, 1.0]], "negative variance"),
        ([[1.0, np.nan], [np.nan, 1.0]], "finite"),
        ([[1.0]], "do not fit"),
    ],
)
def test_products_that_cannot_be_are_refused(products: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        Moments.of(10, [0.0, 0.0], products)


@pytest.mark.parametrize("scale", [1e-160, 1.0, 1e150])
def test_products_as_large_as_the_variances_allow_are_fine(scale: float) -> None:
    products = scale * np.array([[1.0, -2.0], [-2.0, 4.0]])

    assert (Moments.of(10, [0.0, 0.0], products).products == products).all()


def test_products_that_are_symmetric_but_for_rounding_are_fine() -> None:
    Moments.of(10, [0.0, 0.0], [[1.0, 1e-17], [2e-17, 1.0]])
