"""Measures against cases that were worked out by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from services.bandit.lab.gains import gain_of, reach_of
from services.bandit.lab.measures import ceilings, gains, mean, picked_best, regret, share, worst_shares
from shared.definition.model import MetricDirection
from tests.bandit.lab.runs import trajectories

TRUTH = [0.1, 0.2, 0.3]


def test_gains_when_worked_out_by_hand_then_those() -> None:
    # 100 units: .1 x 10 + .2 x 30 + .3 x 60 = 25 where an equal split has 20 and the oracle 30.
    runs = trajectories(TRUTH, [[[5, 10, 35], [5, 20, 25]]])

    assert gains(runs) == pytest.approx([0.25])
    assert ceilings(runs) == pytest.approx([0.5])
    assert regret(runs) == pytest.approx(np.array([[5 * 0.2 + 10 * 0.1, 10 * 0.2 + 30 * 0.1]]))
    assert worst_shares(runs) == pytest.approx([0.1])
    assert picked_best(runs).tolist() == [True]


def test_gains_when_less_is_better_then_what_is_saved() -> None:
    runs = trajectories(TRUTH, [[[60, 30, 10]]], direction=MetricDirection.MINIMIZE)

    assert gains(runs) == pytest.approx([1 - 15 / 20])
    assert ceilings(runs) == pytest.approx([0.5])
    assert regret(runs) == pytest.approx(np.array([[30 * 0.1 + 10 * 0.2]]))
    assert worst_shares(runs) == pytest.approx([0.1])
    assert picked_best(runs).tolist() == [True]


def test_gains_when_means_drift_then_the_oracle_follows_them() -> None:
    runs = trajectories([[[0.1, 0.3], [0.5, 0.1]]], [[[50, 50], [50, 50]]])

    assert gains(runs) == pytest.approx([0.0])
    assert ceilings(runs) == pytest.approx([(30 + 50) / (20 + 30) - 1])


def test_picked_best_when_a_worse_arm_looks_best_then_no() -> None:
    runs = trajectories(TRUTH, [[[10, 10, 10]], [[10, 10, 10]]], [[[1, 9, 3]], [[1, 2, 3]]])

    assert picked_best(runs).tolist() == [False, True]


def test_picked_best_when_arms_are_alike_then_always() -> None:
    assert picked_best(trajectories([0.1, 0.1], [[[10, 10]]], [[[0, 5]]])).all()


def test_mean_when_values_vary_then_students_interval() -> None:
    values = [1.0, 2.0, 4.0, 8.0]
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))

    found = mean(values)

    assert (found.value, found.low, found.high) == pytest.approx((3.75, low, high))


def test_mean_when_there_is_one_value_then_no_interval() -> None:
    assert math.isnan(mean([1.0]).low)
    assert math.isnan(mean([]).value)


@pytest.mark.parametrize(("hits", "number"), [(0, 20), (3, 20), (20, 20), (81, 2000)])
def test_share_when_counted_then_clopper_and_pearsons_interval(hits: int, number: int) -> None:
    exact = stats.binomtest(hits, number).proportion_ci(0.95, method="exact")

    found = share(np.arange(number) < hits)

    assert (found.value, found.low, found.high) == pytest.approx((hits / number, exact.low, exact.high))


def test_reach_when_arms_are_drawn_then_only_problems_with_room_count() -> None:
    # Ceilings: 1/3, 1/3 and 0; the first run gains 20 % (80 of 100 units on the better arm), the second 10 %.
    truth = [[[0.1, 0.2]], [[0.1, 0.2]], [[0.1, 0.1]]]
    found = reach_of("thompson", trajectories(np.array(truth), [[[20, 80]], [[35, 65]], [[50, 50]]]))

    assert found.possible.value == pytest.approx(2 / 3)
    assert found.all_possible.problem_count == 2
    assert found.all_possible.reached.value == pytest.approx(0.5)
    assert found.all_possible.gain.value == pytest.approx(0.15)
    assert found.all_possible.ceiling == pytest.approx(1 / 3)
    assert [band.problem_count for band in found.bands] == [0, 2, 0]


def test_gain_when_there_is_no_room_then_no_share_of_it() -> None:
    assert math.isnan(gain_of("equal", trajectories([0.1, 0.1], [[[10, 10]], [[10, 10]]])).captured)
