"""What answers say of stopping, by simulation of experiments whose arms are alike."""

from functools import cache
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.statistics.bayesian.answer import NO_STOPPING_RULE
from shared.statistics.bayesian.best_arm import best_arms
from shared.statistics.bayesian.proportions import proportions
from tests.shared.statistics.simulation import Rate

DAYS: Final = 28
UNITS: Final = 2000
"""A day, split evenly by lot among all arms."""
RATE: Final = 0.1
MANY_TIMES = pytest.mark.parametrize("repetitions", [200, pytest.param(10_000, marks=pytest.mark.slow)])
STATED = pytest.mark.parametrize(("arm_count", "stated"), [(2, 0.46), (3, 0.17)], ids=["2", "3"])


@cache
def named(arm_count: int, repetitions: int) -> NDArray[np.bool_]:
    """Returns whether some arm has a chance of 95 % or more of being best, shape (DAYS, repetitions).

    Every arm converts at 10 %; the prior of each is uniform.
    """
    rng = np.random.default_rng(62)
    count, successes = np.zeros((2, repetitions, arm_count))
    found = np.zeros((DAYS, repetitions), bool)
    for day in range(DAYS):
        units = rng.multinomial(UNITS, np.full(arm_count, 1 / arm_count), size=repetitions)
        count, successes = count + units, successes + rng.binomial(units, RATE)
        found[day] = (best_arms(proportions(successes, count)).probability >= 0.95).any(axis=-1)
    return found


@MANY_TIMES
@STATED
def test_a_chance_of_95_percent_at_daily_looks_names_a_winner_as_often_as_answers_say(
    repetitions: int, arm_count: int, stated: float
) -> None:
    ever = Rate(int(named(arm_count, repetitions).any(axis=0).sum()), repetitions)

    assert ever.agrees_with(stated), str(ever)
    assert f"{100 * stated:.0f} % of" in NO_STOPPING_RULE


@MANY_TIMES
def test_a_chance_of_95_percent_of_two_arms_at_one_look_names_a_winner_in_a_tenth(repetitions: int) -> None:
    once = Rate(int(named(2, repetitions)[-1].sum()), repetitions)

    # Either of two arms may be named, each with a chance that is nearly uniform where they are alike.
    assert once.agrees_with(0.1), str(once)
