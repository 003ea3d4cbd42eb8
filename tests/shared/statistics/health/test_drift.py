"""Drift of effects against weighted least squares of statsmodels, and how often it alarms for nothing."""

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.health.drift import Course, effect_drift
from shared.statistics.health.finding import Check, Status
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Validity
from shared.statistics.result.obstacles import Obstacle
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]


def comparison_of(difference: Floats, error: Floats) -> Comparison:
    """Builds comparisons with given effects and errors from two arms of very many units."""
    difference, error = np.broadcast_arrays(difference, error)
    count = np.full(difference.shape, 1e9)
    squares = error**2 / 2 * count * (count - 1)
    treatment = means(Moments.of_values(count, difference + 1, squares))
    return compare(treatment, means(Moments.of_values(count, np.ones(difference.shape), squares)))


def test_numbers_are_those_of_weighted_least_squares() -> None:
    rng = np.random.default_rng(1)
    effect, error = rng.normal(size=10), rng.uniform(0.5, 2, 10)
    weight, early = 1 / error**2, np.arange(10) < 2
    slope = sm.WLS(effect, sm.add_constant(np.arange(10.0)), weights=weight)
    contrast = sm.WLS(effect, sm.add_constant(early.astype(float)), weights=weight)

    found = effect_drift(comparison_of(effect, error))

    for oracle, value, deviation in (
        (slope, found.slope, found.slope_standard_error),
        (contrast, found.early, found.early_standard_error),
    ):
        assert float(value) == pytest.approx(oracle.fit().params[1], rel=1e-7)
        assert float(deviation) == pytest.approx(np.sqrt(oracle.fit().normalized_cov_params[1, 1]), rel=1e-7)
    residual = ((effect - np.average(effect, weights=weight)) ** 2 * weight).sum()
    assert float(found.heterogeneity) == pytest.approx(residual, rel=1e-6)
    assert float(found.heterogeneity_p_value) == pytest.approx(stats.chi2.sf(residual, 9), rel=1e-6)
    assert found.method.validity is Validity.FIXED_LOOK


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_effect_that_wears_off_is_fading_and_one_that_comes_is_growing(sign: float) -> None:
    day, error = np.arange(14), np.full(14, 0.1)

    novelty = effect_drift(comparison_of(sign * (0.2 + np.exp(-day / 3)), error))
    primacy = effect_drift(comparison_of(sign * (1 - np.exp(-day / 5)), error))

    assert novelty.course() is Course.FADING
    assert novelty.finding().status is Status.WARN
    assert novelty.finding().check is Check.EFFECT_DRIFT
    assert "fading" in novelty.finding().message
    assert primacy.course() is Course.GROWING


def test_steady_effect_passes() -> None:
    finding = effect_drift(comparison_of(np.full(14, 0.3), np.full(14, 0.1))).finding()

    assert finding.status is Status.PASS
    assert finding.numbers["slope"] == pytest.approx(0, abs=1e-9)


def test_period_with_an_obstacle_is_left_out() -> None:
    error = np.full(6, 0.1)
    effect = np.array([0.5, 0.4, 0.9, 0.3, 0.2, 0.1])
    whole = comparison_of(effect, error)
    counts = whole.treatment_unit_count.copy()
    counts[2] = 0
    squares = error**2 / 2 * 1e9 * (1e9 - 1) * (counts > 0)
    holed = compare(
        means(Moments.of_values(counts, effect + 1, squares)),
        means(Moments.of_values(np.full(6, 1e9), np.ones(6), np.full(6, squares[0]))),
    )
    kept = np.array([0, 1, 3, 4, 5])

    found = effect_drift(holed)

    assert found.period_count == 5
    assert float(found.slope) == pytest.approx(np.polyfit(kept, effect[kept], 1)[0], rel=1e-6)


@pytest.mark.parametrize("periods", [1, 2])
def test_too_few_periods_are_not_estimable(periods: int) -> None:
    found = effect_drift(comparison_of(np.ones(periods), np.ones(periods)))

    assert found.obstacle == Obstacle.TOO_FEW_DAYS
    assert np.isnan(found.slope)
    assert found.finding().status is Status.NOT_ESTIMABLE


@pytest.mark.parametrize("early_count", [0, 5, -1])
def test_early_count_out_of_range_is_refused(early_count: int) -> None:
    with pytest.raises(InvalidArgument):
        effect_drift(comparison_of(np.ones(5), np.ones(5)), early_count=early_count)


def test_single_comparison_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        effect_drift(comparison_of(np.array(1.0), np.array(1.0)))


def test_many_experiments_at_once_are_each_on_its_own() -> None:
    rng = np.random.default_rng(2)
    effect, error = rng.normal(size=(3, 8)), rng.uniform(0.5, 1, (3, 8))

    together = effect_drift(comparison_of(effect, error))

    for row in range(3):
        assert together.finding(row) == effect_drift(comparison_of(effect[row], error[row])).finding()


@pytest.mark.parametrize("periods", [4, 7, 28])
def test_false_alarms_without_a_drift_are_at_most_alpha(periods: int) -> None:
    rng, repetitions = np.random.default_rng(3), 4000
    error = rng.uniform(0.5, 2, (repetitions, periods))
    found = effect_drift(comparison_of(0.3 + error * rng.normal(size=(repetitions, periods)), error))

    alarms = Rate(sum(found.course(row, alpha=0.05) is not Course.STEADY for row in range(repetitions)), repetitions)
    single = Rate(int((found.slope_p_value < 0.05).sum()), repetitions)
    spread = Rate(int((found.heterogeneity_p_value < 0.05).sum()), repetitions)

    assert alarms.is_at_most(0.05)
    assert single.agrees_with(0.05)
    assert spread.agrees_with(0.05)


def test_drift_watched_daily_alarms_more_often_than_alpha() -> None:
    """What the method's last assumption warns of."""
    rng, repetitions = np.random.default_rng(4), 1000
    effect = rng.normal(size=(repetitions, 28))
    ever = np.zeros(repetitions, dtype=bool)
    for days in range(4, 29):
        ever |= effect_drift(comparison_of(effect[:, :days], np.ones((repetitions, days)))).slope_p_value < 0.05

    assert not Rate(int(ever.sum()), repetitions).is_at_most(0.1)


def test_false_alarms_of_small_days_whose_weights_change_are_at_most_alpha() -> None:
    """Conversions of 5 %, so that each day's variance is estimated from about 20 of them."""
    rng, repetitions = np.random.default_rng(5), 4000
    share = np.tile([0.5, 0.3, 0.7, 0.4], 4)[:14]
    count = np.broadcast_to(np.round(800 * np.stack([share, 1 - share])), (repetitions, 2, 14))
    rate = rng.binomial(count.astype(np.int64), 0.05) / count
    arms = means(Moments.of_values(count, rate, count * rate * (1 - rate)))

    found = effect_drift(compare(arms[:, 1], arms[:, 0]))

    alarms = Rate(sum(found.course(row, alpha=0.05) is not Course.STEADY for row in range(repetitions)), repetitions)
    assert alarms.is_at_most(0.05), f"{alarms}"


def test_novelty_is_found_as_often_as_theory_says_and_called_by_its_name() -> None:
    repetitions, day, error = 4000, np.arange(14), np.full(14, 0.5)
    effect = 1 + 2 * np.exp(-day / 3)
    slope = ((day - 6.5) * effect).sum() / np.sqrt(((day - 6.5) ** 2).sum()) / error[0]
    contrast = (effect[:3].mean() - effect[3:].mean()) / np.sqrt(1 / 3 + 1 / 11) / error[0]
    power = [stats.norm.sf(stats.norm.isf(0.0025) - abs(shift)) for shift in (slope, contrast)]

    found = effect_drift(comparison_of(effect + error * np.random.default_rng(6).normal(size=(repetitions, 14)), error))
    courses = [found.course(row) for row in range(repetitions)]

    for p_value, theory in zip((found.slope_p_value, found.early_p_value), power, strict=True):
        detected = Rate(int((p_value < 0.005).sum()), repetitions)
        assert 0.5 < theory < 0.95
        assert detected.agrees_with(theory), f"{detected}, {theory:.4f}"
    assert Rate(courses.count(Course.FADING), repetitions).is_at_least(max(power))
    assert Rate(courses.count(Course.GROWING), repetitions).is_at_most(0.001)


def test_primacy_is_found_and_called_by_its_name() -> None:
    repetitions, day, error = 2000, np.arange(28), np.full(28, 0.3)
    effect = 1 - np.exp(-day / 7)
    slope = ((day - 13.5) * effect).sum() / np.sqrt(((day - 13.5) ** 2).sum()) / error[0]
    power = stats.norm.sf(stats.norm.isf(0.0025) - slope)

    found = effect_drift(comparison_of(effect + error * np.random.default_rng(7).normal(size=(repetitions, 28)), error))
    courses = [found.course(row) for row in range(repetitions)]

    assert 0.9 < power < 0.99
    assert Rate(courses.count(Course.GROWING), repetitions).is_at_least(power)
    assert Rate(courses.count(Course.FADING), repetitions).is_at_most(0.001)
