"""Tests sketches against sorted values. The library's coins cannot be seeded: rates are judged far from their bars."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.errors import InvalidArgument
from shared.statistics.aggregates.quantile_sketch import QuantileSketch
from shared.statistics.result.obstacles import Obstacle
from tests.shared.statistics.simulation import Rate

SHARES = np.array([0.01, 0.25, 0.5, 0.75, 0.99, 0.999])
SMALL = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=100)


def shuffled_ranks(seed: int, count: int) -> NDArray[np.float64]:
    """Returns 1 / n, 2 / n ... 1 in random order: each value is its own rank."""
    return np.random.default_rng(seed).permutation(np.arange(1, count + 1)) / count


@given(SMALL, st.floats(0.0, 1.0))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_quantile_of_few_values_is_the_smallest_that_the_share_does_not_exceed(
    values: list[float], share: float
) -> None:
    answer = QuantileSketch.of(values, k=200).quantiles(share)

    ordered = np.sort(values)
    reached = np.searchsorted(ordered, ordered, side="right") / ordered.size
    assert answer.value == ordered[reached >= share - 1e-12][0]
    assert answer.low == answer.value == answer.high


@given(SMALL, st.floats(-1e9, 1e9))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_rank_among_few_values_is_the_share_that_does_not_exceed_it(values: list[float], value: float) -> None:
    answer = QuantileSketch.of(values, k=200).ranks([value, values[0]])

    assert answer.value.tolist() == pytest.approx([np.mean(np.array(values) <= x) for x in (value, values[0])])


@given(st.lists(st.lists(st.floats(-1e9, 1e9), max_size=40), min_size=1, max_size=5), st.floats(0.0, 1.0))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_merged_parts_of_few_values_answer_as_the_whole_in_any_order(parts: list[list[float]], share: float) -> None:
    sketches = [QuantileSketch.of(part, k=200) for part in parts]
    whole = QuantileSketch.of([value for part in parts for value in part], k=200)

    for order in (sketches, sketches[::-1]):
        merged = QuantileSketch.merged(order)
        assert (merged.count, merged.rank_error) == (whole.count, 0.0)
        np.testing.assert_array_equal(merged.quantiles(share).value, whole.quantiles(share).value)
        np.testing.assert_array_equal(merged.ranks(0.0).value, whole.ranks(0.0).value)


def test_default_accuracy_and_size_are_as_stated() -> None:
    sketch = QuantileSketch.of(shuffled_ranks(7, 1_000_000))

    assert round(sketch.rank_error, 4) == 0.0014
    assert 40_000 < len(sketch.to_bytes()) < 50_000


def test_rank_error_is_zero_while_nothing_is_lost() -> None:
    assert QuantileSketch.of(np.arange(200.0), k=200).rank_error == 0.0
    assert QuantileSketch.of(np.arange(2000.0), k=200).rank_error > 0.0


def test_rank_error_is_as_published() -> None:
    """Apache DataSketches, "KLL Sketch Accuracy and Size", single-sided error."""
    published = {25: 0.1004, 50: 0.0512, 100: 0.0261, 200: 0.0133, 400: 0.0068, 800: 0.0035, 1600: 0.0018}

    found = {k: round(QuantileSketch.of(np.arange(1e4), k=k).rank_error, 4) for k in published}

    assert found == published


@pytest.mark.parametrize("parts", [1, 40])
def test_ranks_are_within_the_error_99_times_of_100_also_after_merging(parts: int) -> None:
    repetitions, count, k = 400, 20_000, 100
    misses = np.zeros(SHARES.size, dtype=np.int64)
    for repetition in range(repetitions):
        values = np.array_split(shuffled_ranks(repetition, count), parts)
        sketch = QuantileSketch.merged([QuantileSketch.of(part, k=k) for part in values])
        misses += np.abs(sketch.ranks(SHARES).value - SHARES) > sketch.rank_error

    for missed in misses:
        assert Rate(int(missed), repetitions).is_at_most(0.01)


@pytest.mark.parametrize("parts", [1, 40])
def test_bounds_hold_the_exact_quantile_99_times_of_100_also_after_merging(parts: int) -> None:
    repetitions, count, k = 400, 20_000, 100
    held = np.zeros(SHARES.size, dtype=np.int64)
    for repetition in range(repetitions):
        values = np.array_split(shuffled_ranks(repetition, count), parts)
        answer = QuantileSketch.merged([QuantileSketch.of(part, k=k) for part in values]).quantiles(SHARES)
        held += (answer.low <= SHARES) & (answer.high >= SHARES)

    for hits in held:
        assert Rate(int(hits), repetitions).is_at_least(0.99)


def test_quantiles_of_nothing_and_of_all_are_the_extremes() -> None:
    values = shuffled_ranks(4, 20_000)

    answer = QuantileSketch.of(values, k=100).quantiles([0.0, 1.0])

    assert answer.value.tolist() == [values.min(), values.max()]


def test_ranks_are_off_by_a_third_of_the_error_more_often() -> None:
    """Shows that the tests above can fail: the error that the library states is not far too large."""
    misses = 0
    for repetition in range(400):
        sketch = QuantileSketch.of(shuffled_ranks(repetition, 20_000), k=100)
        misses += int(np.abs(sketch.ranks(SHARES).value - SHARES).max() > sketch.rank_error / 3)

    assert not Rate(misses, 400).is_at_most(0.01)


def test_merged_when_accuracies_differ_has_the_larger_error() -> None:
    fine, coarse = (QuantileSketch.of(np.arange(1e5), k=k) for k in (1000, 100))

    both = QuantileSketch.merged([fine, coarse])

    assert both.count == 200_000
    assert both.rank_error == coarse.rank_error


def test_merged_leaves_its_parts_alone() -> None:
    first, second = (QuantileSketch.of(shuffled_ranks(seed, 5000)) for seed in (1, 2))
    before = first.to_bytes(), second.to_bytes()

    QuantileSketch.merged([first, second])

    assert (first.to_bytes(), second.to_bytes()) == before


def test_merged_of_few_values_has_lost_nothing() -> None:
    values = np.arange(100.0)
    sketch = QuantileSketch.merged([QuantileSketch.of(part) for part in np.array_split(values, 7)])

    assert sketch.quantiles(SHARES).value.tolist() == np.quantile(values, SHARES, method="inverted_cdf").tolist()


def test_bytes_give_the_same_answers() -> None:
    sketch = QuantileSketch.of(shuffled_ranks(3, 50_000))

    again = QuantileSketch.of_bytes(sketch.to_bytes())

    assert again.to_bytes() == sketch.to_bytes()
    assert again.quantiles(SHARES).value.tolist() == sketch.quantiles(SHARES).value.tolist()
    assert (again.count, again.rank_error) == (sketch.count, sketch.rank_error)


@pytest.mark.parametrize("data", [b"", b"sketch", b"not a sketch at all"])
def test_bytes_of_something_else_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidArgument, match="not a sketch"):
        QuantileSketch.of_bytes(data)


def test_bytes_that_were_cut_off_are_refused() -> None:
    data = QuantileSketch.of(np.arange(1000.0)).to_bytes()

    with pytest.raises(InvalidArgument, match="not a sketch"):
        QuantileSketch.of_bytes(data[:-8])


@pytest.mark.parametrize("count", [0, 1, 10, 3000])
@given(changes=st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(0, 255)), min_size=1, max_size=3))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_bytes_that_were_damaged_are_refused_or_a_sketch(count: int, changes: list[tuple[float, int]]) -> None:
    """The library alone crashes where its offsets were changed."""
    data = bytearray(QuantileSketch.of(np.arange(float(count)), k=50).to_bytes())
    for where, value in changes:
        data[int(where**3 * (len(data) - 1))] = value

    try:
        sketch = QuantileSketch.of_bytes(bytes(data))
    except InvalidArgument:
        return

    answer = QuantileSketch.merged([sketch, sketch]).quantiles(SHARES)
    assert np.isfinite(answer.value).all() == (sketch.count > 0)
    assert (np.diff(answer.value) >= 0).all() or sketch.count == 0


@pytest.mark.parametrize(
    ("place", "value"),
    [(4, 5), (8, 11), (9, 1), (16, 7), (18, 0), (18, 2), (18, 200), (31, 0x7F), (39, 0xFF), (47, 0xFF)],
)
def test_bytes_with_one_that_cannot_be_are_refused(place: int, value: int) -> None:
    """The places are k, the number of values, the smallest k, the number of levels, the extremes and a value."""
    data = bytearray(QuantileSketch.of(np.arange(10.0), k=50).to_bytes())
    data[place] = value

    with pytest.raises(InvalidArgument, match="not a sketch"):
        QuantileSketch.of_bytes(bytes(data))


def test_bytes_with_levels_in_disorder_are_refused() -> None:
    data = QuantileSketch.of(np.arange(3000.0), k=50).to_bytes()
    starts = 20

    with pytest.raises(InvalidArgument, match="another number of values"):
        QuantileSketch.of_bytes(data[:starts] + data[starts + 4 : starts + 8] + data[starts : starts + 4] + data[28:])
    with pytest.raises(InvalidArgument, match="out of order"):
        QuantileSketch.of_bytes(data[:-16] + data[-8:] + data[-16:-8])


def test_answers_keep_the_shape_of_what_was_asked() -> None:
    sketch = QuantileSketch.of(np.arange(10.0).reshape(2, 5)[:, ::2])

    assert sketch.count == 6
    assert sketch.quantiles(0.5).value.shape == ()
    assert sketch.quantiles(np.full((2, 3), 0.5)).high.shape == (2, 3)
    assert sketch.ranks(np.full((2, 3), 0.5)).low.shape == (2, 3)


def test_answers_of_an_empty_sketch_are_not_numbers() -> None:
    sketch = QuantileSketch.of([])

    for answer in (sketch.quantiles([0.5]), sketch.ranks([1.0])):
        assert answer.obstacle.tolist() == [Obstacle.NO_UNITS]
        assert np.isnan([answer.value, answer.low, answer.high]).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(InvalidArgument, match="values"):
        QuantileSketch.of([1.0, value])
    with pytest.raises(InvalidArgument, match="values"):
        QuantileSketch.of([1.0]).ranks(value)


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
def test_quantile_of_what_is_not_a_share_is_refused(share: float) -> None:
    with pytest.raises(InvalidArgument, match="shares"):
        QuantileSketch.of([1.0]).quantiles(share)


@pytest.mark.parametrize("k", [7, 65_536, -1])
def test_sketch_of_an_impossible_size_is_refused(k: int) -> None:
    with pytest.raises(InvalidArgument, match="k: "):
        QuantileSketch.of([1.0], k=k)


def test_merged_without_parts_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="parts"):
        QuantileSketch.merged([])
