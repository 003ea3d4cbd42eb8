"""Drawing without replacement."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.admin.demo.deck import Deck
from services.admin.demo.thornton import RealArm

OUTCOMES = st.lists(st.integers(0, 1), min_size=1, max_size=30).map(tuple)


def deck_of(*arms: tuple[int, ...], seed: int = 0) -> Deck:
    named = [RealArm(f"arm-{index}", "", outcomes) for index, outcomes in enumerate(arms)]
    return Deck(named, rng=np.random.default_rng(seed))


@given(outcomes=OUTCOMES, seed=st.integers(0, 1000))
def test_deck_when_all_are_drawn_then_each_row_came_once(outcomes: tuple[int, ...], seed: int) -> None:
    deck = deck_of(outcomes, seed=seed)

    assert sorted(deck.draw("arm-0") for _ in outcomes) == sorted(outcomes)


def test_deck_when_an_arm_is_used_up_then_raises() -> None:
    deck = deck_of((1,))
    deck.draw("arm-0")

    with pytest.raises(IndexError):
        deck.draw("arm-0")


def test_deck_when_drawn_from_one_arm_then_least_left_is_that_arms() -> None:
    deck = deck_of((1, 0, 1), (0, 0, 0))
    deck.draw("arm-0")

    assert deck.least_left == 2


def test_deck_when_shuffled_by_other_numbers_then_the_order_differs() -> None:
    rows = (0,) * 20 + (1,) * 20
    one, other = deck_of(rows, seed=1), deck_of(rows, seed=2)

    assert [one.draw("arm-0") for _ in rows] != [other.draw("arm-0") for _ in rows]
