"""Power of a fixed look against statsmodels and tea-tasting."""

import math

import numpy as np
import pytest
import tea_tasting as tt
from numpy.typing import NDArray
from statsmodels.stats import power as statsmodels_power
from statsmodels.stats import proportion as statsmodels_proportion
from tea_tasting.aggr import Aggregates

from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.plan import Plan, StandardError
from shared.statistics.planning.power import power
from shared.statistics.result.method import Alternative

ALTERNATIVES = {Alternative.TWO_SIDED: "two-sided", Alternative.GREATER: "larger", Alternative.LESS: "smaller"}
TEA = {Alternative.TWO_SIDED: "two-sided", Alternative.GREATER: "greater", Alternative.LESS: "less"}
Floats = NDArray[np.float64]


def _agree(found: Floats, expected: float) -> None:
    """Oracles with a noncentral t say NaN where the tail on the other side is next to nothing."""
    if math.isnan(expected):
        assert 0 <= found <= 1
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("alternative", list(Alternative))
def test_power_of_pooled_means_agrees_with_statsmodels(alternative: Alternative) -> None:
    rng = np.random.default_rng(1)
    oracle = statsmodels_power.TTestIndPower()
    for _ in range(60):
        effect, control, ratio = rng.normal(0, 0.5), int(rng.integers(7, 400)), rng.uniform(0.3, 3)
        share = 1 / (1 + ratio)
        alpha = rng.uniform(0.001, 0.2)
        plan = Plan((share, 1 - share), alpha, alternative=alternative, standard_error=StandardError.POOLED)

        found = power(Baseline.mean(1.0, 4.0), plan, difference=2 * effect, unit_count=control * (1 + ratio))

        expected = oracle.power(effect, control, alpha, ratio, alternative=ALTERNATIVES[alternative])
        _agree(found.value, expected)


@pytest.mark.parametrize("alternative", list(Alternative))
def test_power_of_means_agrees_with_tea_tasting(alternative: Alternative) -> None:
    rng = np.random.default_rng(2)
    for _ in range(60):
        mean, variance, effect = rng.uniform(1, 20), rng.uniform(1, 30), rng.normal(0, 1)
        ratio, count, alpha = rng.uniform(0.3, 3), int(rng.integers(20, 2000)), rng.uniform(0.001, 0.2)
        metric = tt.Mean("x", alternative=TEA[alternative], ratio=ratio, alpha=alpha, effect_size=effect, n_obs=count)
        plan = Plan((1 / (1 + ratio), ratio / (1 + ratio)), alpha, alternative=alternative)

        found = power(Baseline.mean(mean, variance), plan, difference=effect, unit_count=count)

        data = Aggregates(count_=50, mean_={"x": mean}, var_={"x": variance}, cov_={})
        expected = metric.solve_power_from_aggregates(data, "power")[0].power
        _agree(found.value, expected)


def test_power_with_covariates_agrees_with_tea_tasting() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        correlation, effect, count = rng.uniform(-0.95, 0.95), rng.uniform(0.1, 1), int(rng.integers(50, 2000))
        data = Aggregates(
            count_=50, mean_={"x": 5.0, "z": 2.0}, var_={"x": 9.0, "z": 4.0}, cov_={("x", "z"): correlation * 6.0}
        )
        metric = tt.Mean("x", covariate="z", effect_size=effect, n_obs=count)

        found = power(
            Baseline.mean(5.0, 9.0).with_covariates(correlation**2), Plan(), difference=effect, unit_count=count
        )

        expected = metric.solve_power_from_aggregates(data, "power")[0].power
        _agree(found.value, expected)


def test_power_of_ratios_agrees_with_tea_tasting() -> None:
    rng = np.random.default_rng(4)
    for _ in range(40):
        numerator, denominator = rng.uniform(0.5, 3), rng.uniform(1, 8)
        first, second = rng.uniform(0.5, 4), rng.uniform(0.5, 4)
        covariance = rng.uniform(-0.9, 0.9) * math.sqrt(first * second)
        effect, count = rng.uniform(0.02, 0.2), int(rng.integers(50, 2000))
        data = Aggregates(
            count_=50,
            mean_={"n": numerator, "d": denominator},
            var_={"n": first, "d": second},
            cov_={("d", "n"): covariance},
        )
        metric = tt.RatioOfMeans("n", "d", effect_size=effect, n_obs=count)
        baseline = Baseline.ratio(
            numerator_mean=numerator,
            denominator_mean=denominator,
            numerator_variance=first,
            denominator_variance=second,
            covariance=covariance,
        )

        found = power(baseline, Plan(), difference=effect, unit_count=count)

        expected = metric.solve_power_from_aggregates(data, "power")[0].power
        _agree(found.value, expected)


@pytest.mark.parametrize("alternative", list(Alternative))
def test_power_of_pooled_proportions_agrees_with_statsmodels(alternative: Alternative) -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        control, change, ratio = rng.uniform(0.2, 0.8), rng.normal(0, 0.05), rng.uniform(0.3, 3)
        count, alpha = int(rng.integers(50, 3000)), rng.uniform(0.001, 0.2)
        share = 1 / (1 + ratio)
        plan = Plan((1 - share, share), alpha, alternative=alternative, standard_error=StandardError.POOLED)

        found = power(Baseline.proportion(control), plan, difference=change, unit_count=count * (1 + ratio))

        expected = statsmodels_proportion.power_proportions_2indep(
            change, control, count, ratio, alpha, alternative=ALTERNATIVES[alternative], return_results=False
        )
        _agree(found.value, expected)


@pytest.mark.parametrize("alternative", list(Alternative))
def test_power_of_unpooled_proportions_agrees_with_statsmodels(alternative: Alternative) -> None:
    rng = np.random.default_rng(6)
    for _ in range(60):
        control, change, share = rng.uniform(0.2, 0.8), rng.normal(0, 0.05), rng.uniform(0.2, 0.8)
        count, alpha = int(rng.integers(50, 3000)), rng.uniform(0.001, 0.2)
        plan = Plan((1 - share, share), alpha, alternative=alternative)

        found = power(Baseline.proportion(control), plan, difference=change, unit_count=count)

        treatment = control + change
        deviation = math.sqrt(treatment * (1 - treatment) / share + control * (1 - control) / (1 - share))
        expected = statsmodels_power.normal_power(
            change / deviation, count, alpha, alternative=ALTERNATIVES[alternative], sigma=1.0
        )
        _agree(found.value, expected)
