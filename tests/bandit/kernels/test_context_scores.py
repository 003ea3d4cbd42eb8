"""Chances by context against the same rules in plain Python, to the bit, with numbers rounded as the docs say."""

import math
import struct
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.bandit.kernels.context_scores import bound_shares, draw_shares, gap_shares

Floats: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]

small = st.one_of(st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5]), st.floats(-100, 100, width=32))


@st.composite
def banks(draw: st.DrawFn) -> tuple[Singles, Floats]:
    rows, arms, features, count = (draw(st.integers(1, most)) for most in (6, 5, 4, 3))
    numbers = draw(st.lists(small, min_size=rows * arms * features, max_size=rows * arms * features))
    told = draw(st.lists(st.floats(-50, 50), min_size=count * features, max_size=count * features))
    bank = np.array(numbers, np.float32).reshape(rows, arms, features)
    return bank, np.array(told, np.float64).reshape(count, features)


def single(number: float) -> float:
    """Returns the nearest float32, by the struct module."""
    return float(struct.unpack("<f", struct.pack("<f", number))[0])


def score(coefficients: list[float], context: list[float]) -> float:
    total = 0.0
    for coefficient, feature in zip(coefficients, context, strict=True):
        total += coefficient * single(feature)
    return total


def scores(bank: Singles, context: Floats) -> list[list[float]]:
    return [[score(arm, context.tolist()) for arm in row] for row in bank.tolist()]


def first_of_highest(numbers: list[float]) -> int:
    return numbers.index(max(numbers))


def draws_by_hand(bank: Singles, context: Floats) -> list[float]:
    wins = [first_of_highest(row) for row in scores(bank, context)]
    return [wins.count(arm) / len(wins) for arm in range(bank.shape[1])]


def bounds_by_hand(bank: Singles, context: Floats) -> list[float]:
    means, *factors = scores(bank, context)
    bounds = []
    for arm, mean in enumerate(means):
        squares = 0.0
        for row in factors:
            squares += row[arm] * row[arm]
        bounds.append(mean + math.sqrt(squares))
    return [float(arm == first_of_highest(bounds)) for arm in range(len(bounds))]


def gaps_by_hand(bank: Singles, context: Floats, gamma: float) -> list[float]:
    known = scores(bank, context)[0]
    best = first_of_highest(known)
    chances = [1 / (len(known) + gamma * (known[best] - one)) for one in known]
    rest = 1.0
    for arm, chance in enumerate(chances):
        rest -= chance if arm != best else 0.0
    return [rest if arm == best else chance for arm, chance in enumerate(chances)]


@settings(deadline=None, max_examples=200)
@given(banks())
def test_draw_shares_when_compared_with_plain_python_then_the_same_bits(example: tuple[Singles, Floats]) -> None:
    bank, contexts = example

    assert draw_shares(bank, contexts).tolist() == [draws_by_hand(bank, context) for context in contexts]


@settings(deadline=None, max_examples=200)
@given(banks())
def test_bound_shares_when_compared_with_plain_python_then_the_same_bits(example: tuple[Singles, Floats]) -> None:
    bank, contexts = example

    assert bound_shares(bank, contexts).tolist() == [bounds_by_hand(bank, context) for context in contexts]


@settings(deadline=None, max_examples=200)
@given(banks(), st.floats(0, 1e6))
def test_gap_shares_when_compared_with_plain_python_then_the_same_bits(
    example: tuple[Singles, Floats], gamma: float
) -> None:
    bank, contexts = example

    assert gap_shares(bank, contexts, gamma).tolist() == [gaps_by_hand(bank, context, gamma) for context in contexts]


def test_gap_shares_when_numbers_are_of_all_sizes_then_every_sum_has_the_same_bits() -> None:
    rng = np.random.default_rng(1)
    bank = (rng.standard_normal((1, 7, 33)) * 10.0 ** rng.integers(-12, 12, (1, 7, 33))).astype(np.float32)
    contexts = rng.standard_normal((500, 33))

    assert gap_shares(bank, contexts, 1e-3).tolist() == [gaps_by_hand(bank, context, 1e-3) for context in contexts]


def test_draw_shares_when_the_bank_is_as_large_as_it_gets_then_the_same_bits() -> None:
    rng = np.random.default_rng(2)
    bank, contexts = rng.standard_normal((256, 10, 20)).astype(np.float32), rng.standard_normal((3, 20))

    assert draw_shares(bank, contexts).tolist() == [draws_by_hand(bank, context) for context in contexts]


def test_shares_when_many_contexts_are_given_then_those_of_each_alone() -> None:
    rng = np.random.default_rng(3)
    bank, contexts = rng.standard_normal((5, 3, 4)).astype(np.float32), rng.standard_normal((50, 4))

    for one in (draw_shares, bound_shares):
        np.testing.assert_array_equal(one(bank, contexts), np.concatenate([one(bank, row[None]) for row in contexts]))
    assert draw_shares(bank, contexts[:0]).shape == (0, 3)


def test_shares_when_arms_are_equal_then_the_first_wins() -> None:
    bank, contexts = np.ones((3, 4, 2), np.float32), np.ones((1, 2))

    assert draw_shares(bank, contexts).tolist() == [[1, 0, 0, 0]]
    assert bound_shares(bank, contexts).tolist() == [[1, 0, 0, 0]]
    assert gap_shares(bank, contexts, 5.0).tolist() == [[0.25, 0.25, 0.25, 0.25]]


def test_shares_when_arrays_cannot_be_written_or_are_sliced_then_the_same() -> None:
    rng = np.random.default_rng(4)
    bank, wide = rng.standard_normal((5, 3, 4)).astype(np.float32), rng.standard_normal((6, 8))
    frozen = np.frombuffer(bank.tobytes(), np.float32).reshape(bank.shape)

    np.testing.assert_array_equal(draw_shares(frozen, wide[:, ::2]), draw_shares(bank, wide[:, ::2].copy()))


@pytest.mark.parametrize(
    ("bank", "contexts"),
    [
        (np.zeros((2, 2, 2)), np.zeros((1, 2))),
        (np.zeros((2, 2), np.float32), np.zeros((1, 2))),
        (np.zeros((2, 2, 4), np.float32)[:, :, ::2], np.zeros((1, 2))),
        (np.zeros((0, 2, 2), np.float32), np.zeros((1, 2))),
        (np.zeros((2, 0, 2), np.float32), np.zeros((1, 2))),
        (np.zeros((2, 2, 2), np.float32), np.zeros((1, 3))),
        (np.zeros((2, 2, 2), np.float32), np.zeros(2)),
        (np.zeros((2, 2, 2), np.float32), np.full((1, 2), np.nan)),
        (np.zeros((2, 2, 2), np.float32), np.full((1, 2), -np.inf)),
        (np.zeros((2, 2, 2), np.float32), np.full((1, 2), 1e39)),
    ],
)
def test_shares_when_arrays_are_wrong_then_refuses(bank: Singles, contexts: Floats) -> None:
    with pytest.raises(ValueError, match="must"):
        draw_shares(bank, contexts)
    with pytest.raises(ValueError, match="must"):
        bound_shares(bank, contexts)
    with pytest.raises(ValueError, match="must"):
        gap_shares(bank, contexts, 1.0)
