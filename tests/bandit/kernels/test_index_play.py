"""Index rules played ahead, against the same loop in plain Python with bounds found by halving."""

import math
import random
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.bandit.kernels.index_play import STEPS, play_bernoulli, play_normal

Floats: TypeAlias = NDArray[np.float64]

counts = st.one_of(st.just(0.0), st.integers(1, 10**6).map(float), st.floats(0.01, 100))
shares = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))
aheads = st.integers(1, 40)


def arms(means: st.SearchStrategy[float], size: int = 5) -> st.SearchStrategy[list[tuple[float, float]]]:
    return st.lists(st.tuples(means, counts), min_size=1, max_size=size)


def reach(total: float, c: float) -> float:
    """Returns ln t + c ln ln t, 0 or more."""
    if total <= 1:
        return 0.0
    return max(math.log(total) + (c * math.log(math.log(total)) if c else 0.0), 0.0)


def normal_index(mean: float, count: float, total: float, scale: float, c: float) -> float:
    return math.inf if count == 0 else mean + scale * math.sqrt(reach(total, c) / count)


def bernoulli_index(mean: float, count: float, total: float, c: float) -> float:
    """Returns the largest q with n kl(mean, q) <= ln t + c ln ln t."""
    if count == 0:
        return math.inf
    low, high = mean, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        if count * divergence(mean, middle) <= reach(total, c):
            low = middle
        else:
            high = middle
    return low


def divergence(p: float, q: float) -> float:
    good = p * math.log(p / q) if p > 0 else 0.0
    bad = 0.0 if p == 1 else math.inf if q == 1 else (1 - p) * math.log((1 - p) / (1 - q))
    return good + bad


def played(known: list[tuple[float, float]], units: int, scale: float | None, c: float) -> tuple[list[float], bool]:
    """Returns the shares, and whether some choice was too close to call; scale None: Bernoulli bounds."""
    given_to, close = [0] * len(known), False
    for _ in range(units):
        now = [count + more for (_, count), more in zip(known, given_to, strict=True)]
        total = sum(now)
        indexes = [
            bernoulli_index(mean, count, total, c) if scale is None else normal_index(mean, count, total, scale, c)
            for (mean, _), count in zip(known, now, strict=True)
        ]
        best = max(range(len(known)), key=indexes.__getitem__)
        rivals = [one for place, one in enumerate(indexes) if place != best]
        close = close or any(one != math.inf and abs(one - indexes[best]) < 1e-9 for one in rivals)
        given_to[best] += 1
    return [one / units for one in given_to], close


def columns(known: list[tuple[float, float]]) -> tuple[Floats, Floats]:
    means, seen = zip(*known, strict=True)
    return np.array(means, dtype=np.float64), np.array(seen, dtype=np.float64)


@settings(deadline=None, max_examples=200)
@given(arms(shares), aheads, st.sampled_from([0.0, 1.0, 3.0]))
def test_bernoulli_when_played_ahead_then_the_shares_are_those_of_the_loop(
    known: list[tuple[float, float]], units: int, c: float
) -> None:
    expected, close = played(known, units, None, c)

    if not close:
        assert play_bernoulli(*columns(known), c, units).tolist() == pytest.approx(expected)


@settings(deadline=None, max_examples=200)
@given(arms(st.floats(-100, 100)), aheads, st.sampled_from([0.0, 0.3, 50.0]), st.sampled_from([0.0, 1.0, 3.0]))
def test_normal_when_played_ahead_then_the_shares_are_those_of_the_loop(
    known: list[tuple[float, float]], units: int, scale: float, c: float
) -> None:
    expected, close = played(known, units, scale, c)

    if not close:
        assert play_normal(*columns(known), scale, c, units).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("units", [1, STEPS - 1, STEPS, STEPS + 1, 10_000, 10**6])
def test_play_when_units_are_many_then_the_shares_sum_to_one(units: int) -> None:
    means, seen = np.array([0.1, 0.11, 0.02]), np.array([500.0, 400.0, 0.0])

    for shares_given in (play_bernoulli(means, seen, 0.0, units), play_normal(means, seen, 1.0, 0.0, units)):
        assert shares_given.sum() == pytest.approx(1)
        assert (shares_given >= 0).all()


def test_play_when_more_units_than_steps_are_planned_then_nearly_what_single_steps_give() -> None:
    means, seen = np.array([0.10, 0.11, 0.09]), np.array([500.0, 400.0, 600.0])
    units = 40 * STEPS

    expected, _ = played(list(zip(means.tolist(), seen.tolist(), strict=True)), units, math.sqrt(2), 0.0)

    assert play_normal(means, seen, math.sqrt(2), 0.0, units).tolist() == pytest.approx(expected, abs=2 / STEPS)


@settings(deadline=None, max_examples=100)
@given(arms(shares, 4), aheads, st.randoms(use_true_random=False))
def test_bernoulli_when_arms_are_relabelled_then_the_shares_follow(
    known: list[tuple[float, float]], units: int, chance: random.Random
) -> None:
    # Among equals the first wins, so that a plan which must choose between them follows the order.
    _, close = played(known, units, None, 0.0)
    order = list(range(len(known)))
    chance.shuffle(order)

    if not close and sum(count == 0 for _, count in known) <= 1:
        shuffled = play_bernoulli(*columns([known[place] for place in order]), 0.0, units)
        np.testing.assert_allclose(shuffled, play_bernoulli(*columns(known), 0.0, units)[order])


@settings(deadline=None, max_examples=100)
@given(arms(shares, 4), aheads, st.floats(0, 1))
def test_bernoulli_when_an_arms_mean_is_higher_then_it_gets_no_less(
    known: list[tuple[float, float]], units: int, rise: float
) -> None:
    (mean, count), *rest = known
    better = [(mean + rise * (1 - mean), count), *rest]

    assert play_bernoulli(*columns(better), 0.0, units)[0] >= play_bernoulli(*columns(known), 0.0, units)[0] - 1e-12


def test_play_when_arms_have_no_units_then_each_comes_first_once() -> None:
    means, seen = np.array([0.9, 0.0, 0.0]), np.array([1000.0, 0.0, 0.0])

    assert play_bernoulli(means, seen, 0.0, 2).tolist() == [0.0, 0.5, 0.5]
    assert play_normal(means, seen, 1.0, 0.0, 1).tolist() == [0.0, 1.0, 0.0]


def test_play_when_arms_are_alike_then_the_one_with_the_fewest_units_gets_the_next() -> None:
    means, seen = np.array([0.5, 0.5, 0.5]), np.array([3.0, 1.0, 2.0])

    assert (play_normal(means, seen, 0.0, 0.0, 6) * 6).tolist() == pytest.approx([1.0, 3.0, 2.0])


def test_play_when_there_is_one_arm_then_it_gets_all() -> None:
    assert play_bernoulli(np.array([0.3]), np.array([7.0]), 0.0, 100).tolist() == pytest.approx([1.0])


@pytest.mark.parametrize(
    ("means", "seen"),
    [
        (np.zeros(2), np.zeros(3)),
        (np.zeros(0), np.zeros(0)),
        (np.zeros((1, 2)), np.zeros((1, 2))),
        (np.zeros(2, np.float32), np.zeros(2)),
    ],
)
def test_play_when_arrays_are_wrong_then_refuses(means: Floats, seen: Floats) -> None:
    with pytest.raises(ValueError, match="must be"):
        play_bernoulli(means, seen, 0.0, 1)
    with pytest.raises(ValueError, match="must be"):
        play_normal(means, seen, 1.0, 0.0, 1)
