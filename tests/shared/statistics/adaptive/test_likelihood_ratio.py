"""Generalised likelihood ratios: against direct maximisation, and how careful the proved thresholds are."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from shared.errors import InvalidArgument
from shared.statistics.adaptive.likelihood_ratio import (
    Rewards,
    bernoulli_threshold,
    likelihood_ratio,
    normal_threshold,
)
from shared.statistics.aggregates.moments import Moments
from tests.shared.statistics.adaptive.bandits import simulate
from tests.shared.statistics.adaptive.scenarios import daily
from tests.shared.statistics.adaptive.stopping import beyond_proved_threshold
from tests.shared.statistics.simulation import Rate


def test_likelihood_ratio_of_rates_is_that_of_the_maximised_likelihoods() -> None:
    successes, units = np.array([30.0, 55.0, 44.0]), np.array([200.0, 300.0, 250.0])

    found = likelihood_ratio(Moments.of_successes(successes, units), Rewards.BERNOULLI)

    def likelihood(arm: int, rate: float) -> float:
        return float(stats.binom.logpmf(successes[arm], units[arm], rate))

    free = [likelihood(arm, successes[arm] / units[arm]) for arm in range(3)]
    alike = [
        -optimize.minimize_scalar(
            lambda rate, arm=arm: -likelihood(1, rate) - likelihood(arm, rate), bounds=(0.01, 0.9), method="bounded"
        ).fun
        for arm in (0, 2)
    ]
    assert found.leader == 1
    np.testing.assert_allclose(
        found.statistic, min(free[1] + free[0] - alike[0], free[1] + free[2] - alike[1]), rtol=1e-6
    )


def test_likelihood_ratio_of_normal_rewards_is_half_the_squared_z() -> None:
    arms = Moments.of_values([100.0, 50.0], [1.0, 2.0], [99.0, 98.0])

    found = likelihood_ratio(arms, Rewards.NORMAL)

    np.testing.assert_allclose(found.statistic, 1 / (2 * (1 / 100 + 2 / 50)), rtol=1e-12)


@pytest.mark.parametrize("rewards", Rewards)
def test_likelihood_ratio_when_an_arm_has_no_units_has_no_evidence(rewards: Rewards) -> None:
    found = likelihood_ratio(Moments.of_successes([[5, 0], [5, 3]], [[9, 0], [9, 9]]), rewards)

    assert found.statistic[0] == 0
    assert found.statistic[1] > 0


def test_likelihood_ratio_of_rates_when_means_are_none_raises() -> None:
    with pytest.raises(InvalidArgument, match="arms"):
        likelihood_ratio(Moments.of_values([9.0, 9.0], [1.0, 2.0], [3.0, 3.0]), Rewards.BERNOULLI)


def test_bernoulli_threshold_is_the_published_one() -> None:
    found = bernoulli_threshold([100, 56_000], arm_count=3, delta=0.05)

    np.testing.assert_allclose(found, [math.log(8000), math.log(4_480_000)], rtol=1e-12)


def test_normal_threshold_solves_the_published_equation() -> None:
    found = float(normal_threshold(1000, arm_count=3, delta=0.05))

    tail = found - 3 * math.log(1000**2 + 1000)
    np.testing.assert_allclose(math.exp(3 - tail) * (tail / 3) ** 3, 0.05, rtol=1e-9)


@pytest.mark.parametrize("means", [(0.1, 0.1), (0.1, 0.1, 0.1), (0.1, 0.105, 0.1), (0.1, 0.11, 0.1)])
def test_proved_thresholds_within_28_days_are_hardly_ever_reached(means: tuple[float, ...]) -> None:
    batches = simulate(daily(*means, is_top_two=True), 800, seed=60)

    fired = beyond_proved_threshold(batches).any(axis=1)

    assert Rate(int(fired.sum()), 800).is_at_most(0.001)
