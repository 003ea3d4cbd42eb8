"""How often sample-ratio tests at a fixed look alarm for nothing, and how often they find what is wrong."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from shared.statistics.health.finding import Status
from shared.statistics.health.sample_ratio import changing_sample_ratio, sample_ratio
from shared.statistics.result.obstacles import Caution
from tests.shared.statistics.health.batches import adaptive_versions, retired_and_late_arms
from tests.shared.statistics.simulation import Rate


@pytest.mark.parametrize("weights", [[1.0, 1.0, 1.0], [0.7, 0.1, 0.1, 0.1]])
@pytest.mark.parametrize("unit_count", [40, 1000, 100_000])
def test_false_alarms_without_a_mismatch(weights: list[float], unit_count: int) -> None:
    # At 40 and 1,000 units discreteness makes the true rate differ from alpha; it may not be above it unless flagged.
    rng, repetitions = np.random.default_rng(5), 40_000
    found = sample_ratio(rng.multinomial(unit_count, np.array(weights) / np.sum(weights), repetitions), weights)

    for alpha in (0.001, 0.01, 0.05):
        alarms = Rate(int((found.p_value < alpha).sum()), repetitions)
        assert found.caution.all() or alarms.is_at_most(1.1 * alpha), f"{alarms}"
        if unit_count == 100_000:
            assert not found.caution.any()
            assert alarms.agrees_with(alpha), f"{alarms}"


def test_chi_square_with_few_expected_units_alarms_too_often_and_is_flagged() -> None:
    rng, repetitions = np.random.default_rng(6), 400_000
    found = sample_ratio(rng.multinomial(500, [0.01, 0.01, 0.98], repetitions), [0.01, 0.01, 0.98])

    alarms = Rate(int((found.p_value < 0.001).sum()), repetitions)

    assert not alarms.is_at_most(0.0015), f"{alarms}"
    assert (found.caution == Caution.FEW_UNITS).all()


def test_false_alarms_under_weights_that_follow_the_data() -> None:
    counts, weights = adaptive_versions(np.random.default_rng(7), 20_000, 14, 500)

    found = changing_sample_ratio(counts, counts.sum(axis=-1, keepdims=True) * weights)

    for alpha in (0.001, 0.01, 0.05):
        alarms = Rate(int((found.p_value < alpha).sum()), 20_000)
        assert alarms.is_at_most(1.3 * alpha), f"{alarms}"


def test_mismatch_under_weights_that_follow_the_data_is_found() -> None:
    counts, weights = adaptive_versions(np.random.default_rng(8), 500, 14, 2000, bias=0.4)

    found = changing_sample_ratio(counts, counts.sum(axis=-1, keepdims=True) * weights)

    assert Rate(int((found.p_value < 0.001).sum()), 500).is_at_least(0.99)


def test_false_alarms_under_weights_that_follow_the_data_with_enough_units_are_alpha() -> None:
    counts, weights = adaptive_versions(np.random.default_rng(21), 20_000, 14, 5000)

    found = changing_sample_ratio(counts, counts.sum(axis=-1, keepdims=True) * weights)

    assert not found.caution.any()
    for alpha in (0.001, 0.01, 0.05):
        alarms = Rate(int((found.p_value < alpha).sum()), 20_000)
        assert alarms.agrees_with(alpha), f"{alarms}"


def test_false_alarms_with_arms_that_come_and_go_are_alpha() -> None:
    counts, weights = retired_and_late_arms(np.random.default_rng(22), 20_000, 1000)

    found = changing_sample_ratio(counts, counts.sum(axis=-1, keepdims=True) * weights)

    assert (found.degrees_of_freedom == 7).all()
    for alpha in (0.001, 0.01, 0.05):
        alarms = Rate(int((found.p_value < alpha).sum()), 20_000)
        assert alarms.agrees_with(alpha), f"{alarms}"


def test_loss_in_one_arm_while_others_come_and_go_is_found_as_often_as_theory_says() -> None:
    size, lost, repetitions = 5000, 0.06, 4000
    counts, weights = retired_and_late_arms(np.random.default_rng(23), repetitions, size, lost_share=lost)
    left = weights[0] * [1, 1 - lost, 1]
    units, real = size * left.sum(axis=1, keepdims=True), left / left.sum(axis=1, keepdims=True)
    expected = np.where(weights[0] > 0, weights[0], 1.0)
    noncentrality = (units * (real - weights[0]) ** 2 / expected).sum()
    power = stats.ncx2.sf(stats.chi2.isf(0.001, 7), 7, noncentrality)

    found = changing_sample_ratio(counts, counts.sum(axis=-1, keepdims=True) * weights)

    detected = Rate(int((found.p_value < 0.001).sum()), repetitions)
    assert 0.6 < power < 0.95
    assert detected.agrees_with(power), f"{detected}, {power:.4f}"


@pytest.mark.parametrize("late", [0, 1, 4])
def test_retired_arm_that_still_gets_a_unit_is_a_mismatch_for_certain(late: int) -> None:
    counts, weights = retired_and_late_arms(np.random.default_rng(24), 1, 1000)
    expected = counts.sum(axis=-1, keepdims=True) * weights
    shifted = counts.copy()
    shifted[0, late] += [1, -1, 0] if late == 4 else [0, -1, 1]

    assert changing_sample_ratio(counts, expected).finding(0).status is Status.PASS
    assert changing_sample_ratio(shifted, expected).misplaced_count[0] == 1
    assert changing_sample_ratio(shifted, expected).finding(0).status is Status.FAIL


@pytest.mark.parametrize(
    ("unit_count", "weights", "real"),
    [
        (10_000, [0.5, 0.5], [0.52, 0.48]),
        (100_000, [0.5, 0.5], [0.506, 0.494]),
        (1_000_000, [0.9, 0.1], [0.8988, 0.1012]),
        (100_000, [0.5, 0.3, 0.2], [0.494, 0.306, 0.2]),
    ],
)
def test_mismatch_is_found_as_often_as_theory_says(unit_count: int, weights: list[float], real: list[float]) -> None:
    repetitions, freedom = 4000, len(weights) - 1
    noncentrality = unit_count * ((np.array(real) - weights) ** 2 / weights).sum()
    power = stats.ncx2.sf(stats.chi2.isf(0.001, freedom), freedom, noncentrality)

    found = sample_ratio(np.random.default_rng(25).multinomial(unit_count, real, repetitions), weights)

    detected = Rate(int((found.p_value < 0.001).sum()), repetitions)
    assert 0.6 < power < 0.95
    assert detected.agrees_with(power), f"{detected}, {power:.4f}"


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
@pytest.mark.parametrize("unit_count", [40, 99, 500, 5000, 100_000])
def test_exact_false_alarms_of_two_arms(unit_count: int, share: float) -> None:
    """Sums the probabilities of all counts that alarm: no more than alpha where the test is exact."""
    first = np.arange(unit_count + 1)
    mass = stats.binom.pmf(first, unit_count, share)
    found = sample_ratio(np.stack([first, unit_count - first], axis=-1), [share, 1 - share])

    for alpha in (0.001, 0.01, 0.05):
        rate = mass[found.p_value < alpha].sum()
        assert rate <= (1 if unit_count * share < 50 else 1.1) * alpha
        if unit_count == 100_000:
            assert rate == pytest.approx(alpha, rel=0.05)


def outcomes_of_three_arms(unit_count: int) -> NDArray[np.int64]:
    first, second = np.meshgrid(np.arange(unit_count + 1), np.arange(unit_count + 1), indexing="ij")
    possible = first + second <= unit_count
    return np.stack([first[possible], second[possible], unit_count - (first + second)[possible]], axis=-1)


@pytest.mark.parametrize(
    ("unit_count", "weights", "alpha", "at_most"),
    [
        (150, [1, 1, 1], 0.001, 1.0),
        (300, [1, 1, 1], 0.01, 1.02),
        (500, [0.6, 0.3, 0.1], 0.001, 1.1),
        (300, [0.49, 0.49, 0.02], 0.001, 1.8),
    ],
)
def test_exact_false_alarms_of_three_arms(unit_count: int, weights: list[float], alpha: float, at_most: float) -> None:
    """Sums over the whole multinomial; above 1.1 times alpha only where it is flagged."""
    counts = outcomes_of_three_arms(unit_count)
    mass = stats.multinomial.pmf(counts, unit_count, np.array(weights) / np.sum(weights))
    found = sample_ratio(counts, weights)

    rate = mass[found.p_value < alpha].sum()

    assert mass.sum() == pytest.approx(1.0, rel=1e-9)
    assert rate <= at_most * alpha
    assert found.caution.all() == (at_most > 1.1)
