"""Batched least squares: exact for normal values, near the default, and valid where effects change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from shared.statistics.adaptive import aipw, bols
from shared.statistics.adaptive.batches import Batches
from shared.statistics.aggregates.moments import Moments
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable
from tests.shared.statistics.adaptive import reference
from tests.shared.statistics.adaptive.bandits import Scenario, coverage, is_no_wider, simulate
from tests.shared.statistics.adaptive.scenarios import DRIFT, NULL_2, NULL_3, PUBLISHED, Published
from tests.shared.statistics.simulation import Rate

MANY_TIMES = pytest.mark.parametrize("repetitions", [800, pytest.param(4000, marks=pytest.mark.slow)])


def _balanced(seed: int, batch_count: int, size: int) -> tuple[Batches, list[list[np.ndarray]]]:
    """Returns batches whose arms vary equally within batches, and their values."""
    rng = np.random.default_rng(seed)
    samples = [[rng.normal(size=size) for _ in range(2)] for _ in range(batch_count)]
    scaled = [[(one - one.mean()) / one.std() + one.mean() for one in row] for row in samples]
    count = np.full((batch_count, 2), float(size))
    mean = [[one.mean() for one in row] for row in scaled]
    return Batches.of(Moments.of_values(count, mean, count), np.full((batch_count, 2), 0.5)), scaled


def test_compare_of_one_batch_is_students_t() -> None:
    batches, [[control, treatment]] = _balanced(1, 1, 12)

    found = bols.compare(batches, treatment=1)

    expected = stats.ttest_ind(treatment, control)
    interval = expected.confidence_interval(0.95)
    np.testing.assert_allclose(found.p_value[0], expected.pvalue, rtol=1e-9)
    np.testing.assert_allclose([found.difference_low[0], found.difference_high[0]], interval, rtol=1e-9)


def test_compare_weighs_batches_as_zhang_janson_and_murphy_do() -> None:
    history = reference.drawn(np.random.default_rng(2), 6, 2)
    batches = reference.batches_of(history)

    found = bols.compare(batches, treatment=1)

    first, second = batches.count[:, 1], batches.count[:, 0]
    used = (first > 0) & (second > 0)
    weight = np.sqrt(first * second / (first + second))[used]
    expected = (weight * (batches.mean[:, 1] - batches.mean[:, 0])[used]).sum() / weight.sum()
    np.testing.assert_allclose(found.difference[0], expected, rtol=1e-9)


def test_compare_when_arms_vary_alike_has_the_published_standard_error() -> None:
    batches, _ = _balanced(3, 5, 20)

    found = bols.compare(batches, treatment=1)

    deviation = np.sqrt(20 / 19)
    np.testing.assert_allclose(found.standard_error[0], deviation * np.sqrt(5) / (5 * np.sqrt(10)), rtol=1e-9)


def test_compare_needs_no_propensities() -> None:
    batches = reference.batches_of(reference.drawn(np.random.default_rng(4), 6, 2))
    unlogged = Batches.of(batches.moments, np.full((6, 2), np.nan))

    found = bols.compare(unlogged, treatment=1)

    np.testing.assert_array_equal(found.p_value, bols.compare(batches, treatment=1).p_value)


def test_compare_when_batches_have_one_arm_only_drops_them() -> None:
    batches = reference.batches_of(reference.drawn(np.random.default_rng(5), 4, 2))
    lonely = Moments.of_values([[30.0, 0.0]], [[99.0, 0.0]], [[0.0, 0.0]])
    joined = Moments(
        *(
            np.concatenate([getattr(batches.moments, name), getattr(lonely, name)])
            for name in ("count", "mean", "products")
        )
    )

    found = bols.compare(Batches.of(joined, [*batches.propensities, [1.0, 0.0]]), treatment=1)

    np.testing.assert_allclose(found.difference, bols.compare(batches, treatment=1).difference, rtol=1e-12)
    assert Caution.BATCHES_DROPPED in Caution(int(found.caution[0]))


@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(-1e3, 1e3), scale=st.floats(0.01, 100.0))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_compare_when_each_batch_is_shifted_does_not_move(seed: int, shift: float, scale: float) -> None:
    history = reference.drawn(np.random.default_rng(seed), 5, 2)
    moved = [units._replace(outcomes=shift * row + scale * units.outcomes) for row, units in enumerate(history)]

    found, after = (bols.compare(reference.batches_of(one), treatment=1) for one in (history, moved))

    np.testing.assert_allclose(after.difference, scale * found.difference, rtol=1e-6, atol=1e-9 * (scale + abs(shift)))
    np.testing.assert_allclose(after.standard_error, scale * found.standard_error, rtol=1e-6)


@MANY_TIMES
@pytest.mark.parametrize("published", PUBLISHED.values(), ids=PUBLISHED.keys())
def test_compare_in_published_scenarios_covers_and_is_no_wider(repetitions: int, published: Published) -> None:
    found = bols.compare(simulate(published.scenario, repetitions, seed=20), treatment=1)

    assert coverage(found.difference_low, found.difference_high, published.scenario.effect).agrees_with(0.95)
    assert is_no_wider(found.difference_low, found.difference_high, published.bols.width)


@MANY_TIMES
def test_compare_of_very_small_batches_covers_at_least(repetitions: int) -> None:
    found = bols.compare(simulate(Scenario((0.0, 0.0), 6, 8, 0.25), repetitions, seed=24), treatment=1)

    told = found.obstacle == 0
    assert coverage(found.difference_low[told], found.difference_high[told], 0.0).is_at_least(0.95)


def test_compare_and_the_default_mostly_agree() -> None:
    batches = simulate(NULL_3, 800, seed=20)

    plain, weighted = bols.compare(batches, treatment=1), aipw.compare(batches, treatment=1)

    distance = (plain.difference - weighted.difference) / weighted.standard_error
    assert np.abs(distance).max() < 1
    assert np.corrcoef(plain.difference[:, 0], weighted.difference[:, 0])[0, 1] > 0.99


@MANY_TIMES
@pytest.mark.parametrize("scenario", [NULL_2, DRIFT], ids=["null", "drift"])
def test_effect_in_any_batch_without_effect_keeps_its_level(repetitions: int, scenario: Scenario) -> None:
    found = bols.effect_in_any_batch(simulate(scenario, repetitions, seed=25), treatment=1)

    assert Rate(int((found.p_value < 0.05).sum()), repetitions).agrees_with(0.05)


@MANY_TIMES
def test_effect_in_any_very_small_batch_without_effect_is_rarely_found(repetitions: int) -> None:
    found = bols.effect_in_any_batch(simulate(Scenario((0.0, 0.0), 6, 12, 0.25), repetitions, seed=25), treatment=1)

    assert Rate(int((found.p_value < 0.05).sum()), repetitions).is_at_most(0.05)


def test_effect_in_any_batch_when_the_effect_changes_sides_sees_it() -> None:
    rng = np.random.default_rng(6)
    count = np.full((400, 10, 2), 100.0)
    effect = np.where(np.arange(10) % 2, 0.3, -0.3)[:, None] * [0.0, 1.0]
    mean = effect + rng.standard_normal(count.shape) / 10
    batches = Batches.of(Moments.of_values(count, mean, rng.chisquare(99, count.shape)), [0.5, 0.5])

    found, steady = bols.effect_in_any_batch(batches, treatment=1), bols.compare(batches, treatment=1)

    assert Rate(int((found.p_value < 0.05).sum()), 400).is_at_least(0.95)
    assert not Rate(int((steady.p_value < 0.05).sum()), 400).is_at_least(0.2)


def test_effect_in_any_batch_sums_squares_over_batches() -> None:
    batches, samples = _balanced(7, 4, 30)

    found = bols.effect_in_any_batch(batches, treatment=1)

    expected = sum((two.mean() - one.mean()) ** 2 / (2 / 29) for one, two in samples)
    np.testing.assert_allclose(found.statistic[0], expected, rtol=1e-9)
    np.testing.assert_allclose(found.p_value[0], stats.f.sf(expected / 4, 4, 2 * 4 * 29), rtol=1e-9)


@pytest.mark.parametrize(
    ("count", "obstacle"),
    [
        ([[9.0, 0.0], [9.0, 0.0]], Obstacle.TOO_FEW_BATCHES),
        ([[9.0, 0.0], [0.0, 9.0]], Obstacle.TOO_FEW_BATCHES),
        ([[9.0, 1.0], [9.0, 1.0]], Obstacle.TOO_FEW_UNITS),
    ],
)
def test_bols_when_nothing_can_be_told_says_why(count: list[list[float]], obstacle: Obstacle) -> None:
    moments = Moments.of_values(count, np.zeros((2, 2)), np.where(np.array(count) > 1, 5.0, 0.0))
    batches = Batches.of(moments, [[0.5, 0.5], [0.5, 0.5]])

    assert bols.compare(batches, treatment=1).report(0).difference == NotEstimable(obstacle)
    assert bols.effect_in_any_batch(batches, treatment=1).report(0) == NotEstimable(obstacle)
