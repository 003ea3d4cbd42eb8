"""Means of single arms: where plain means are biased, and which weighting holds under drift."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.statistics.adaptive.arm_means import Weighting, arm_means, drift_p_values
from shared.statistics.adaptive.batches import Batches
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import Interval, NotEstimable
from tests.shared.statistics.adaptive import reference
from tests.shared.statistics.adaptive.bandits import WEEK, Rewards, Scenario, coverage, pooled, simulate
from tests.shared.statistics.adaptive.scenarios import DRIFT, EFFECT, NULL_2, NULL_3
from tests.shared.statistics.simulation import Rate

MANY_TIMES = pytest.mark.parametrize("repetitions", [800, pytest.param(4000, marks=pytest.mark.slow)])
RATES = Scenario((0.05, 0.05), 25, 200, 0.01, rewards=Rewards.BERNOULLI)


@MANY_TIMES
@pytest.mark.parametrize("weighting", Weighting)
@pytest.mark.parametrize("scenario", [NULL_2, NULL_3, EFFECT, RATES], ids=["null 2", "null 3", "effect", "rates"])
@pytest.mark.parametrize("arm", [0, 1])
def test_arm_means_without_drift_cover(repetitions: int, weighting: Weighting, scenario: Scenario, arm: int) -> None:
    found = arm_means(simulate(scenario, repetitions, seed=30), weighting=weighting)

    assert coverage(found.low[:, arm], found.high[:, arm], scenario.means[arm]).is_at_least(0.95)


@MANY_TIMES
def test_arm_means_of_stabilised_weights_are_narrower(repetitions: int) -> None:
    batches = simulate(NULL_2, repetitions, seed=30)

    even, stabilised = (arm_means(batches, weighting=weighting) for weighting in Weighting)

    assert stabilised.standard_error.mean() < 0.9 * even.standard_error.mean()


@MANY_TIMES
def test_arm_means_of_even_weights_cover_the_mean_over_time_under_drift(repetitions: int) -> None:
    found = arm_means(simulate(DRIFT, repetitions, seed=31))

    truth = DRIFT.drift * np.sin(2 * np.pi * np.arange(DRIFT.batch_count) / WEEK).mean()
    assert coverage(found.low[:, 1], found.high[:, 1], truth).agrees_with(0.95)


@MANY_TIMES
def test_arm_means_of_stabilised_weights_under_drift_fail_and_say_so(repetitions: int) -> None:
    found = arm_means(simulate(DRIFT, repetitions, seed=31), weighting=Weighting.STABILISED)

    truth = DRIFT.drift * np.sin(2 * np.pi * np.arange(DRIFT.batch_count) / WEEK).mean()
    covers = (found.low[:, 1] <= truth) & (truth <= found.high[:, 1])
    is_flagged = found.caution[:, 1] & Caution.DRIFTING > 0
    assert not Rate(int(covers.sum()), repetitions).is_at_least(0.95)
    assert Rate(int((covers | is_flagged).sum()), repetitions).is_at_least(0.99)


@MANY_TIMES
@pytest.mark.parametrize(("scenario", "most"), [(NULL_2, 0.01), (RATES, 0.05)], ids=["normal", "rates"])
def test_drift_p_values_without_drift_are_rarely_small(repetitions: int, scenario: Scenario, most: float) -> None:
    found = drift_p_values(simulate(scenario, repetitions, seed=32))

    # Batches with hardly an event make the statistic heavy-tailed: with rates the caution comes more often.
    assert Rate(int((found[:, 0] < 0.01).sum()), repetitions).is_at_most(most)


@MANY_TIMES
def test_plain_means_are_too_low_and_do_not_cover(repetitions: int) -> None:
    batches = simulate(NULL_2, repetitions, seed=33)
    plain = means(pooled(batches))
    reach = 1.96 * np.sqrt(plain.variance)

    fair = arm_means(batches)

    error = fair.standard_error.mean() / np.sqrt(repetitions)
    assert plain.value[:, 0].mean() < -5 * plain.value[:, 0].std() / np.sqrt(repetitions)
    assert not coverage(plain.value - reach, plain.value + reach, 0.0).is_at_least(0.95)
    assert abs(fair.mean[:, 0].mean()) < 3.3 * error


@given(seed=st.integers(0, 2**32 - 1), weighting=st.sampled_from(Weighting))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_arm_means_when_outcomes_are_shifted_and_scaled_follow(seed: int, weighting: Weighting) -> None:
    history = reference.drawn(np.random.default_rng(seed), 5, 3)
    moved = [units._replace(outcomes=7.0 + 3.0 * units.outcomes) for units in history]

    found, after = (arm_means(reference.batches_of(one), weighting=weighting) for one in (history, moved))

    np.testing.assert_allclose(after.mean, 7.0 + 3.0 * found.mean, rtol=1e-7)
    np.testing.assert_allclose(after.high - after.low, 3.0 * (found.high - found.low), rtol=1e-7)


def test_arm_means_when_allocation_never_changed_are_near_plain_means() -> None:
    count = np.array([[300.0, 700.0], [300.0, 700.0]])
    batches = Batches.of(Moments.of_values(count, [[1.0, 2.0], [1.2, 2.1]], count), np.full((2, 2), [0.3, 0.7]))

    found = arm_means(batches)

    np.testing.assert_allclose(found.mean, pooled(batches).mean[:, 0], rtol=1e-3)


def test_arm_means_of_an_arm_without_a_chance_say_so_and_leave_the_others() -> None:
    batches = Batches.of(Moments.of_values([[9.0, 9.0, 0.0]], [[1.0, 2.0, 0.0]], [[3.0, 4.0, 0.0]]), [0.5, 0.5, 0.0])

    found = arm_means(batches)

    assert found.report(2) == NotEstimable(Obstacle.ARM_NEVER_ALLOCATED)
    assert isinstance(found.report(0), Interval)
