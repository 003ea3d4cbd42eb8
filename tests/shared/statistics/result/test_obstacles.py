"""Tests that every reason has its words, and that codes fit the arrays that hold them."""

import numpy as np
import pytest

from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable


@pytest.mark.parametrize("obstacle", Obstacle)
def test_obstacle_has_words(obstacle: Obstacle) -> None:
    assert obstacle.because
    assert not obstacle.because.endswith(".")


@pytest.mark.parametrize("caution", Caution)
def test_caution_has_a_sentence(caution: Caution) -> None:
    if caution:
        assert len(caution.texts) == 1
        assert caution.texts[0]


def test_words_differ() -> None:
    assert len({obstacle.because for obstacle in Obstacle}) == len(Obstacle)
    assert len({caution.texts for caution in Caution}) == len(Caution)


def test_obstacle_is_nothing_only_if_it_is_zero() -> None:
    assert [obstacle for obstacle in Obstacle if not obstacle] == [Obstacle.NONE]


def test_obstacles_fit_their_arrays() -> None:
    assert max(Obstacle) <= np.iinfo(np.int8).max


def test_cautions_are_one_bit_each_and_fit_their_arrays() -> None:
    assert all(caution.bit_count() == 1 for caution in Caution)
    assert max(Caution) <= np.iinfo(np.int32).max


def test_cautions_together_say_all_they_have_to() -> None:
    both = Caution.FEW_UNITS | Caution.TIES

    assert both.texts == (*Caution.FEW_UNITS.texts, *Caution.TIES.texts)
    assert Caution(int(np.int32(both))) == both
    assert Caution.NONE.texts == ()


def test_not_estimable_says_why() -> None:
    assert str(NotEstimable(Obstacle.NO_UNITS)) == "not estimable because an arm has no units"
