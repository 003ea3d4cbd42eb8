"""The default comparison on bandit data: exactness, invariances, and coverage where plain tests fail."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.statistics.adaptive import aipw
from shared.statistics.adaptive.batches import Batches
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.fixed import difference
from shared.statistics.result.method import Alternative, Validity
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import Interval, NotEstimable
from tests.shared.statistics.adaptive import plain_formula, reference
from tests.shared.statistics.adaptive.bandits import Scenario, coverage, is_no_wider, pooled, simulate
from tests.shared.statistics.adaptive.scenarios import DRIFT, NEW, NULL_2, NULL_3, PUBLISHED, UNEQUAL, Published
from tests.shared.statistics.simulation import Rate

MANY_TIMES = pytest.mark.parametrize("repetitions", [800, pytest.param(4000, marks=pytest.mark.slow)])
SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("treatment", "control"), [(1, 0), (0, 2)])
def test_compare_agrees_with_single_units(seed: int, treatment: int, control: int) -> None:
    history = reference.drawn(np.random.default_rng(seed), 8, 3)

    found = aipw.compare(reference.batches_of(history), treatment=treatment, control=control)

    expected = reference.contrast(history, treatment, control)
    np.testing.assert_allclose(found.difference[0], expected.difference, rtol=1e-9)
    np.testing.assert_allclose(found.standard_error[0], expected.standard_error, rtol=1e-9)
    np.testing.assert_allclose([found.treatment[0], found.control[0]], expected[2:], rtol=1e-9)


def test_compare_when_propensities_are_even_and_constant_is_near_welch() -> None:
    rng = np.random.default_rng(3)
    count = np.full((1, 2), 5000.0)
    batches = Batches.of(Moments.of_values(count, rng.normal(3, 1, (1, 2)), count * [[1.0, 1.1]]), [[0.5, 0.5]])

    found = aipw.compare(batches, treatment=1)

    plain = difference.compare(means(pooled(batches)[1:2]), means(pooled(batches)[0:1]))
    np.testing.assert_allclose(found.difference, plain.difference, rtol=1e-3)


@given(seed=SEEDS, shift=st.floats(-1e3, 1e3), scale=st.floats(0.01, 100.0))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_compare_when_outcomes_are_shifted_and_scaled_follows(seed: int, shift: float, scale: float) -> None:
    history = reference.drawn(np.random.default_rng(seed), 5, 3)
    moved = [units._replace(outcomes=shift + scale * units.outcomes) for units in history]

    found, after = (aipw.compare(reference.batches_of(one), treatment=[1, 2]) for one in (history, moved))

    np.testing.assert_allclose(after.difference, scale * found.difference, rtol=1e-6, atol=1e-9 * (scale + abs(shift)))
    np.testing.assert_allclose(after.standard_error, scale * found.standard_error, rtol=1e-6)


@given(seed=SEEDS)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_compare_when_labels_are_swapped_turns_around(seed: int) -> None:
    batches = reference.batches_of(reference.drawn(np.random.default_rng(seed), 5, 2))

    there, back = aipw.compare(batches, treatment=1, control=0), aipw.compare(batches, treatment=0, control=1)

    np.testing.assert_allclose(back.difference, -there.difference, rtol=1e-12)
    np.testing.assert_allclose(back.difference_low, -there.difference_high, rtol=1e-9)
    np.testing.assert_allclose(back.p_value, there.p_value, rtol=1e-9)


@given(seed=SEEDS, alternative=st.sampled_from(Alternative), alpha=st.sampled_from([0.01, 0.05, 0.3]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_compare_gives_one_verdict_by_interval_lift_and_p_value(
    seed: int, alternative: Alternative, alpha: float
) -> None:
    batches = reference.batches_of(reference.drawn(np.random.default_rng(seed), 6, 3))

    found = aipw.compare(batches, treatment=[1, 2], alpha=alpha, alternative=alternative)

    told = found.lift_obstacle == 0
    by_difference = (found.difference_low > 0) | (found.difference_high < 0)
    by_lift = (found.lift_low > 0) | (found.lift_high < 0)
    np.testing.assert_array_equal(by_difference[found.obstacle == 0], (found.p_value < alpha)[found.obstacle == 0])
    np.testing.assert_array_equal(by_difference[told], by_lift[told])


def test_compare_of_many_metrics_at_once_answers_for_each() -> None:
    histories = [reference.drawn(np.random.default_rng(seed), 5, 3, most_units=20) for seed in range(4)]
    each = [reference.batches_of(history) for history in histories]
    together = Batches(
        Moments(*(np.stack([getattr(one.moments, name) for one in each]) for name in ("count", "mean", "products"))),
        np.stack([one.propensities for one in each]),
    )

    found = aipw.compare(together, treatment=[1, 2])

    assert found.shape == (4, 2)
    for row, one in enumerate(each):
        np.testing.assert_allclose(found.difference_low[row], aipw.compare(one, treatment=[1, 2]).difference_low)


@MANY_TIMES
@pytest.mark.parametrize("published", PUBLISHED.values(), ids=PUBLISHED.keys())
def test_compare_in_published_scenarios_covers_and_is_no_wider_beyond_monte_carlo_error(
    repetitions: int, published: Published
) -> None:
    found = aipw.compare(simulate(published.scenario, repetitions, seed=20), treatment=1)

    assert coverage(found.difference_low, found.difference_high, published.scenario.effect).agrees_with(0.95)
    assert is_no_wider(found.difference_low, found.difference_high, published.aipw.width)


@MANY_TIMES
@pytest.mark.parametrize("published", PUBLISHED.values(), ids=PUBLISHED.keys())
def test_compare_is_at_most_2_percent_wider_than_the_plain_formula(repetitions: int, published: Published) -> None:
    batches = simulate(published.scenario, repetitions, seed=20)

    found = aipw.compare(batches, treatment=1)

    low, high = plain_formula.interval(batches)
    assert (found.difference_high - found.difference_low).mean() <= 1.02 * (high - low).mean()


@MANY_TIMES
@pytest.mark.parametrize("name", ["two arms, rate of 5 %", "three arms, rate of 2 %", "lognormal"])
def test_plain_formula_does_not_cover_where_the_default_does(repetitions: int, name: str) -> None:
    low, high = plain_formula.interval(simulate(NEW[name], repetitions, seed=21))

    assert not coverage(low, high, 0.0).is_at_least(0.95)


@MANY_TIMES
def test_compare_under_drift_is_clearly_narrower_than_published(repetitions: int) -> None:
    found = aipw.compare(simulate(DRIFT, repetitions, seed=20), treatment=1)

    assert (found.difference_high - found.difference_low).mean() < 0.2


@MANY_TIMES
@pytest.mark.parametrize("scenario", NEW.values(), ids=NEW.keys())
def test_compare_in_further_scenarios_covers(repetitions: int, scenario: Scenario) -> None:
    found = aipw.compare(simulate(scenario, repetitions, seed=21), treatment=1)

    assert coverage(found.difference_low, found.difference_high, scenario.effect).agrees_with(0.95)


@MANY_TIMES
@pytest.mark.parametrize("scenario", UNEQUAL.values(), ids=UNEQUAL.keys())
def test_compare_when_arms_vary_differently_covers_at_least(repetitions: int, scenario: Scenario) -> None:
    found = aipw.compare(simulate(scenario, repetitions, seed=22), treatment=1)

    assert coverage(found.difference_low, found.difference_high, scenario.effect).is_at_least(0.95)


@MANY_TIMES
def test_compare_of_an_arm_that_came_late_covers(repetitions: int) -> None:
    found = aipw.compare(simulate(NEW["late arm"], repetitions, seed=21), treatment=2)

    assert coverage(found.difference_low, found.difference_high, 0.0).agrees_with(0.95)
    assert (found.caution & Caution.BATCHES_DROPPED).all()


@MANY_TIMES
@pytest.mark.parametrize("scenario", [NULL_2, NULL_3, DRIFT], ids=["null 2", "null 3", "drift"])
def test_welch_on_bandit_data_does_not_cover(repetitions: int, scenario: Scenario) -> None:
    arms = means(pooled(simulate(scenario, repetitions, seed=20)))

    found = difference.compare(arms[:, 1], arms[:, 0])

    assert not coverage(found.difference_low, found.difference_high, 0.0).is_at_least(0.95)


@MANY_TIMES
@pytest.mark.parametrize("scenario", [NULL_2, DRIFT, NEW["three arms, rate of 2 %"]], ids=["null", "drift", "rates"])
def test_compare_without_effect_rejects_as_often_on_each_side(repetitions: int, scenario: Scenario) -> None:
    found = aipw.compare(simulate(scenario, repetitions, seed=23), treatment=1, alternative=Alternative.GREATER)

    assert Rate(int((found.p_value < 0.05).sum()), repetitions).agrees_with(0.05)


def _batches(count: object, propensities: object, squares: float = 1.0) -> Batches:
    counted = np.asarray(count, dtype=np.float64)
    mean = np.where(counted > 0, 5.0 + np.arange(counted.shape[-1]), 0.0)
    return Batches.of(
        Moments.of_values(counted, mean, np.where(counted > 1, squares * counted, 0.0)), np.asarray(propensities)
    )


@pytest.mark.parametrize(
    ("batches", "obstacle"),
    [
        (_batches([[9, 9], [9, 9]], [[0.5, 0.5], [np.nan, np.nan]]), Obstacle.MISSING_PROPENSITY),
        (_batches([[9, 0], [9, 0]], [[1.0, 0.0], [1.0, 0.0]]), Obstacle.ARM_NEVER_ALLOCATED),
        (_batches([[9, 0], [0, 9]], [[1.0, 0.0], [0.0, 1.0]]), Obstacle.TOO_FEW_BATCHES),
        (_batches([[9, 0], [9, 0]], [[0.99, 0.01], [0.99, 0.01]]), Obstacle.NO_UNITS),
        (_batches([[9, 1], [9, 0]], [[0.9, 0.1], [0.9, 0.1]]), Obstacle.TOO_FEW_UNITS),
    ],
)
def test_compare_when_nothing_can_be_told_says_why(batches: Batches, obstacle: Obstacle) -> None:
    found = aipw.compare(batches, treatment=1)

    report = found.report(0)
    assert report.difference == report.p_value == report.lift == NotEstimable(obstacle)


def test_compare_when_nothing_varies_says_why() -> None:
    count = np.full((2, 2), 9.0)
    batches = Batches.of(Moments.of_values(count, np.full((2, 2), 3.0), np.zeros((2, 2))), np.full((2, 2), 0.5))

    found = aipw.compare(batches, treatment=1)

    assert found.report(0).difference == NotEstimable(Obstacle.ZERO_VARIANCE)


def test_compare_when_a_batch_has_no_units_and_no_propensities_is_told() -> None:
    found = aipw.compare(_batches([[9, 9], [0, 0]], [[0.5, 0.5], [np.nan, np.nan]]), treatment=1)

    assert isinstance(found.report(0).difference, Interval)


def test_compare_when_few_units_carry_the_weight_is_flagged() -> None:
    heavy = _batches([[9990, 10], [500, 500]], [[0.999, 0.001], [0.5, 0.5]])
    even = _batches([[500, 500], [500, 500]], [[0.5, 0.5], [0.5, 0.5]])

    flags = [Caution(int(aipw.compare(batches, treatment=1).caution[0])) for batches in (heavy, even)]

    assert Caution.HEAVY_WEIGHTS in flags[0]
    assert flags[1] is Caution.NONE


def test_compare_says_that_it_holds_at_one_look_of_adaptive_data() -> None:
    report = aipw.compare(_batches([[9, 9]], [[0.5, 0.5]]), treatment=1).report(0)

    assert report.method.validity is Validity.ADAPTIVE_FIXED_LOOK
    assert (report.treatment_unit_count, report.control_unit_count) == (9, 9)
