"""Posteriors, against SciPy's distributions and an update written out one value at a time."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from services.bandit.domain.posterior import Posterior, beta_posterior, gaussian_posterior, posterior
from services.bandit.domain.statistics import ArmStatistics
from shared.definition.model import (
    Algorithm,
    BetaThompson,
    EpsilonGreedy,
    Exp3,
    FixedSplit,
    GaussianThompson,
    KlUcb,
    MetricDirection,
    TopTwoThompson,
    Ucb1,
)
from tests.bandit.examples import CONVERSION, SALES, counted, measured

UP, DOWN = MetricDirection.MAXIMIZE, MetricDirection.MINIMIZE

results = st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 1)), min_size=2, max_size=8)
values = st.floats(-1000, 1000).map(lambda value: round(value, 3))
samples = st.lists(st.lists(values, max_size=12), min_size=2, max_size=5).filter(
    lambda arms: len({value for arm in arms for value in arm}) > 1
)


def of_counts(pairs: list[tuple[int, float]]) -> list[ArmStatistics]:
    return [counted(str(place), count, round(count * rate)) for place, (count, rate) in enumerate(pairs)]


def of_values(arms: list[list[float]]) -> list[ArmStatistics]:
    return [measured(str(place), arm) for place, arm in enumerate(arms)]


def gaussian(arms: list[ArmStatistics], prior: float = 1.0, direction: MetricDirection = UP) -> Posterior:
    found = gaussian_posterior(GaussianThompson(prior), arms, direction)
    assert found is not None
    return found


@settings(deadline=None)
@given(results, st.floats(0.5, 100), st.floats(0.5, 100))
def test_beta_when_counted_then_mean_and_quantiles_are_scipys(
    pairs: list[tuple[int, float]], prior_alpha: float, prior_beta: float
) -> None:
    arms = of_counts(pairs)

    known = beta_posterior(BetaThompson(prior_alpha, prior_beta), arms, UP)

    successes = np.array([arm.value_sum for arm in arms])
    counts = np.array([arm.unit_count for arm in arms])
    oracle = stats.beta(prior_alpha + successes, prior_beta + counts - successes)
    np.testing.assert_allclose(known.mean, oracle.mean(), rtol=1e-12)
    np.testing.assert_allclose(known.low, oracle.ppf(0.025), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(known.high, oracle.ppf(0.975), rtol=1e-9, atol=1e-12)
    assert known.probability_best.sum() == pytest.approx(1)
    assert (known.expected_loss >= 0).all()


def test_beta_when_two_arms_then_the_probability_is_the_integral() -> None:
    known = beta_posterior(BetaThompson(), of_counts([(100, 0.1), (100, 0.15)]), UP)

    first, second = stats.beta(11, 91), stats.beta(16, 86)
    expected, _ = integrate.quad(lambda rate: second.pdf(rate) * first.cdf(rate), 0, 1, epsabs=1e-12)
    assert known.probability_best.tolist() == pytest.approx([1 - expected, expected], abs=1e-9)
    assert known.expected_loss[0] - known.expected_loss[1] == pytest.approx(known.mean[1] - known.mean[0], abs=1e-9)


@settings(deadline=None)
@given(results)
def test_beta_when_less_is_better_then_it_is_the_mirror_of_failures(pairs: list[tuple[int, float]]) -> None:
    arms = of_counts(pairs)
    mirrored = [counted(arm.arm_id, int(arm.unit_count), int(arm.unit_count - arm.value_sum)) for arm in arms]

    low, high = beta_posterior(BetaThompson(2, 3), arms, DOWN), beta_posterior(BetaThompson(3, 2), mirrored, UP)

    np.testing.assert_allclose(low.probability_best, high.probability_best, atol=1e-9)
    np.testing.assert_allclose(low.expected_loss, high.expected_loss, atol=1e-9)
    np.testing.assert_allclose(low.mean, 1 - high.mean, atol=1e-12)


@pytest.mark.parametrize("prior", [1e-6, 1e6])
@pytest.mark.parametrize("count", [0, 1, 10**12])
def test_beta_when_priors_or_counts_are_extreme_then_finite(prior: float, count: int) -> None:
    known = beta_posterior(BetaThompson(prior, prior), [counted("a", count, count // 2), counted("b", count)], UP)

    assert np.isfinite([known.mean, known.low, known.high, known.probability_best, known.expected_loss]).all()


def updated_one_by_one(arm: list[float], *, centre: float, variance: float, prior: float) -> tuple[float, float, float]:
    """Returns degrees of freedom, location and scale of a mean's posterior, updated value by value.

    Normal-inverse-gamma: Gelman et al., Bayesian Data Analysis, 3rd edition, 3.3, with n = 1: kappa and nu grow by one,
    the sum of squares by kappa / (kappa + 1) (value - mean)^2.
    """
    freedom = kappa = prior
    mean, squares = centre, prior * variance
    for value in arm:
        squares += kappa / (kappa + 1) * (value - mean) ** 2
        mean = (kappa * mean + value) / (kappa + 1)
        kappa, freedom = kappa + 1, freedom + 1
    return freedom, mean, math.sqrt(squares / freedom / kappa)


@settings(deadline=None)
@given(samples, st.floats(0.5, 50))
def test_gaussian_when_measured_then_it_is_the_update_of_one_value_after_the_other(
    arms: list[list[float]], prior: float
) -> None:
    known = gaussian(of_values(arms), prior)

    pooled = [value for arm in arms for value in arm]
    centre, variance = float(np.mean(pooled)), float(np.var(pooled))
    for place, arm in enumerate(arms):
        oracle = stats.t(*updated_one_by_one(arm, centre=centre, variance=variance, prior=prior))
        expected = [oracle.median(), oracle.ppf(0.025), oracle.ppf(0.975)]
        found = [known.mean[place], known.low[place], known.high[place]]
        assert found == pytest.approx(expected, rel=1e-7, abs=1e-7 * (1 + abs(centre)))


def test_gaussian_when_two_arms_then_the_probability_is_the_integral() -> None:
    arms = [[1.0, 2.0, 4.0, 3.5], [2.0, 5.0, 4.5]]
    known = gaussian(of_values(arms), 2.0)

    pooled = [value for arm in arms for value in arm]
    centre, variance = float(np.mean(pooled)), float(np.var(pooled))
    first, second = (stats.t(*updated_one_by_one(arm, centre=centre, variance=variance, prior=2.0)) for arm in arms)
    expected, _ = integrate.quad(lambda mean: second.pdf(mean) * first.cdf(mean), -np.inf, np.inf, epsabs=1e-12)
    assert known.probability_best.tolist() == pytest.approx([1 - expected, expected], abs=1e-8)


@settings(deadline=None)
@given(samples, st.sampled_from([1e-3, 0.5, 100.0, 1e6]))
def test_gaussian_when_the_unit_of_the_metric_changes_then_the_weights_stay_and_the_rest_scales(
    arms: list[list[float]], factor: float
) -> None:
    plain = gaussian(of_values(arms))
    scaled = gaussian(of_values([[factor * value for value in arm] for arm in arms]))

    np.testing.assert_allclose(scaled.probability_best, plain.probability_best, atol=1e-7)
    span = factor * 1000
    np.testing.assert_allclose(scaled.mean, factor * plain.mean, rtol=1e-7, atol=1e-9 * span)
    np.testing.assert_allclose(scaled.low, factor * plain.low, rtol=1e-7, atol=1e-9 * span)
    np.testing.assert_allclose(scaled.expected_loss, factor * plain.expected_loss, rtol=1e-6, atol=1e-9 * span)


@settings(deadline=None)
@given(samples, st.integers(-1000, 1000))
def test_gaussian_when_every_value_is_shifted_then_the_weights_stay_and_the_rest_shifts(
    arms: list[list[float]], shift: int
) -> None:
    plain = gaussian(of_values(arms))
    shifted = gaussian(of_values([[value + shift for value in arm] for arm in arms]))

    # The shifted values are rounded to 1e-13 of a thousand, which is much where they hardly differ.
    spread = float(np.std([value for arm in arms for value in arm]))
    np.testing.assert_allclose(shifted.probability_best, plain.probability_best, atol=1e-9 + 1e-10 / spread)
    np.testing.assert_allclose(shifted.mean, plain.mean + shift, atol=1e-9 * (1 + abs(shift)))


@settings(deadline=None)
@given(samples)
def test_gaussian_when_less_is_better_then_it_is_the_mirror(arms: list[list[float]]) -> None:
    low = gaussian(of_values(arms), direction=DOWN)
    high = gaussian(of_values([[-value for value in arm] for arm in arms]))

    np.testing.assert_allclose(low.probability_best, high.probability_best, atol=1e-9)
    np.testing.assert_allclose(low.expected_loss, high.expected_loss, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(low.mean, -high.mean, atol=1e-12)


def test_gaussian_when_the_better_arm_has_many_units_then_it_gets_nearly_all() -> None:
    arms = [[0.0, 1.0] * 500, [0.5, 1.5] * 500]

    assert gaussian(of_values(arms)).probability_best[1] > 0.999999


@settings(deadline=None)
@given(st.floats(-1e9, 1e9), st.lists(st.integers(0, 10**9), min_size=1, max_size=6))
def test_gaussian_when_all_values_are_alike_then_nothing_is_known(value: float, counts: list[int]) -> None:
    arms = [ArmStatistics(str(count), count, value * count, value if count else 0.0, 0.0) for count in counts]

    assert gaussian_posterior(GaussianThompson(), arms, UP) is None


def test_gaussian_when_an_arm_has_no_unit_then_it_is_the_prior() -> None:
    known = gaussian([measured("a", [1.0, 2.0, 3.0]), ArmStatistics("b")], 3.0)

    prior = stats.t(3.0, 2.0, math.sqrt(2 / 3 / 3.0))
    assert [known.mean[1], known.low[1], known.high[1]] == pytest.approx([2.0, prior.ppf(0.025), prior.ppf(0.975)])


@pytest.mark.parametrize("prior", [1e-9, 0.05, 1.0, 1e6])
def test_gaussian_when_the_prior_is_extreme_then_the_weights_are_still_weights(prior: float) -> None:
    known = gaussian([measured("a", [1.0, 2.0]), measured("b", [2.0, 5.0, 4.0]), ArmStatistics("c")], prior)

    assert known.probability_best.sum() == pytest.approx(1)
    assert (known.probability_best > 0).all()


def test_gaussian_when_values_are_far_from_zero_then_their_differences_are_not_lost() -> None:
    near = [ArmStatistics("a", 1000, 0.0, 0.0, 1.0), ArmStatistics("b", 900, 0.0, 2e-3, 1.0)]
    origin = 2.0**40
    far = [
        ArmStatistics(arm.arm_id, arm.unit_count, 0.0, origin + round(arm.mean * 2**10) / 2**10, 1.0) for arm in near
    ]
    near = [ArmStatistics(arm.arm_id, arm.unit_count, 0.0, round(arm.mean * 2**10) / 2**10, 1.0) for arm in near]

    assert gaussian(far).probability_best.tolist() == pytest.approx(gaussian(near).probability_best.tolist(), abs=1e-12)


def test_posterior_when_the_algorithm_is_given_then_its_family_is_used() -> None:
    arms = of_counts([(50, 0.1), (60, 0.2)])

    as_beta, as_gaussian = (posterior(one, arms, CONVERSION) for one in (BetaThompson(), GaussianThompson()))

    assert as_beta is not None
    assert as_gaussian is not None
    assert as_beta.mean[0] == pytest.approx(6 / 52)
    assert as_gaussian.mean[0] == pytest.approx((17 / 110 + 5) / 51)


@pytest.mark.parametrize("algorithm", [FixedSplit(), TopTwoThompson(), Ucb1(), KlUcb(), EpsilonGreedy(), Exp3()])
def test_posterior_when_the_algorithm_has_none_then_that_of_the_metrics_kind(algorithm: Algorithm) -> None:
    arms = of_counts([(50, 0.1), (60, 0.2)])

    as_beta, as_gaussian = (posterior(algorithm, arms, metric) for metric in (CONVERSION, SALES))

    assert as_beta is not None
    assert as_gaussian is not None
    assert as_beta.mean.tolist() == beta_posterior(BetaThompson(), arms, UP).mean.tolist()
    assert as_gaussian.mean.tolist() == gaussian(arms).mean.tolist()
