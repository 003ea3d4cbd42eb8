"""The confidence sequence: never looks ahead, and holds at all looks together."""

import numpy as np
import pytest

from shared.statistics.adaptive import aipw
from shared.statistics.adaptive.batches import Batches
from shared.statistics.adaptive.confidence_sequence import compare_any_time
from shared.statistics.aggregates.moments import Moments
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Validity
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable
from shared.statistics.sequential import normal_mixture
from tests.shared.statistics.adaptive import reference
from tests.shared.statistics.adaptive.bandits import Scenario, simulate
from tests.shared.statistics.adaptive.scenarios import DRIFT, EFFECT, LOOKS_40, NULL_2
from tests.shared.statistics.simulation import Rate

MANY_TIMES = pytest.mark.parametrize("repetitions", [800, pytest.param(4000, marks=pytest.mark.slow)])


def _misses(found: Comparison, truth: float) -> np.ndarray:
    return (found.difference_low[..., 0] > truth) | (found.difference_high[..., 0] < truth)


def test_compare_any_time_knows_nothing_of_later_batches() -> None:
    history = reference.drawn(np.random.default_rng(1), 7, 3)

    whole = compare_any_time(reference.batches_of(history), treatment=[1, 2], optimal_unit_count=100)

    for looks in range(1, 8):
        part = compare_any_time(reference.batches_of(history[:looks]), treatment=[1, 2], optimal_unit_count=100)
        np.testing.assert_allclose(whole.difference_low[looks - 1], part.difference_low[-1], rtol=1e-12)
        np.testing.assert_allclose(whole.p_value[looks - 1], part.p_value[-1], rtol=1e-12)


def test_compare_any_time_has_the_estimate_of_the_fixed_look() -> None:
    batches = reference.batches_of(reference.drawn(np.random.default_rng(2), 7, 3))

    found = compare_any_time(batches, treatment=[1, 2], optimal_unit_count=100)

    fixed = aipw.compare(batches, treatment=[1, 2])
    np.testing.assert_array_equal(found.difference[-1], fixed.difference)
    np.testing.assert_array_equal(found.standard_error[-1], fixed.standard_error)


@pytest.mark.parametrize("alternative", Alternative)
def test_compare_any_time_gives_one_verdict_by_interval_lift_and_p_value(alternative: Alternative) -> None:
    batches = simulate(EFFECT, 200, seed=40)
    shifted = Batches(
        Moments(batches.count, batches.moments.mean + 1.0, batches.moments.products), batches.propensities
    )

    found = compare_any_time(shifted, treatment=1, optimal_unit_count=14_000, alternative=alternative)

    told = found.lift_obstacle == 0
    by_difference = (found.difference_low > 0) | (found.difference_high < 0)
    np.testing.assert_array_equal(by_difference, found.p_value < 0.05)
    np.testing.assert_array_equal(by_difference[told], ((found.lift_low > 0) | (found.lift_high < 0))[told])


def test_radius_agrees_with_mixture_adaptive_design() -> None:
    # cs_radius([4] * 1000, t=1000, t_star=1000) of pyssed 0.0.1 (Liang and Bojinov 2023), frozen from a run.
    precision = 1000 / (-2 * np.log(0.05) + np.log(1 - 2 * np.log(0.05)))

    found = normal_mixture.radius(4000.0, precision=precision, alpha=0.05, alternative=Alternative.TWO_SIDED) / 1000

    np.testing.assert_allclose(found, 0.19777606394762207, rtol=1e-12)


@MANY_TIMES
@pytest.mark.parametrize("scenario", LOOKS_40.values(), ids=LOOKS_40.keys())
def test_compare_any_time_at_40_looks_hardly_ever_misses(repetitions: int, scenario: Scenario) -> None:
    batches = simulate(scenario, repetitions, seed=41)

    found = compare_any_time(batches, treatment=1, optimal_unit_count=scenario.unit_count)

    assert Rate(int(_misses(found, scenario.effect).any(axis=1).sum()), repetitions).is_at_most(0.05)


@pytest.mark.parametrize("repetitions", [400, pytest.param(4000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("drift", [0.0, 0.5])
def test_compare_any_time_at_1000_looks_hardly_ever_misses(repetitions: int, drift: float) -> None:
    scenario = Scenario((0.0, 0.0), 1000, 20, 0.05, drift=drift)

    found = compare_any_time(simulate(scenario, repetitions, seed=42), treatment=1, optimal_unit_count=20_000)

    assert Rate(int(_misses(found, 0.0).any(axis=1).sum()), repetitions).is_at_most(0.05)


@MANY_TIMES
def test_fixed_looks_repeated_40_times_miss_far_too_often(repetitions: int) -> None:
    found = compare_any_time(simulate(LOOKS_40["two arms"], repetitions, seed=41), treatment=1, optimal_unit_count=8000)

    rejected = np.abs(found.difference / found.standard_error)[..., 0] > 1.96
    assert Rate(int(rejected.any(axis=1).sum()), repetitions).is_at_least(0.2)


@MANY_TIMES
@pytest.mark.parametrize("scenario", [NULL_2, DRIFT], ids=["null", "drift"])
def test_compare_any_time_at_the_planned_end_is_less_than_157_percent_as_wide(
    repetitions: int, scenario: Scenario
) -> None:
    batches = simulate(scenario, repetitions, seed=43)

    found = compare_any_time(batches, treatment=1, optimal_unit_count=scenario.unit_count)

    fixed = aipw.compare(batches, treatment=1)
    ratio = (found.difference_high - found.difference_low)[:, -1] / (fixed.difference_high - fixed.difference_low)
    assert ratio.max() < 1.57


def test_compare_any_time_before_an_arm_takes_part_says_so() -> None:
    batches = simulate(LOOKS_40["late arm"], 5, seed=44)

    found = compare_any_time(batches, treatment=2, optimal_unit_count=8000)

    assert found.report(0, 5, 0).difference == NotEstimable(Obstacle.ARM_NEVER_ALLOCATED)
    assert found.obstacle[0, -1, 0] == Obstacle.NONE


def test_compare_any_time_with_few_effective_units_is_flagged_as_too_early() -> None:
    found = compare_any_time(simulate(NULL_2, 5, seed=44), treatment=1, optimal_unit_count=5000)

    assert Caution.BEFORE_BURN_IN in Caution(int(found.caution[0, 0, 0]))
    assert found.method.validity is Validity.ADAPTIVE_ANY_TIME
