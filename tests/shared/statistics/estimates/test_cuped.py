"""Tests adjusted means and ratios against independent engines, and what is invariant about them."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import tea_tasting as tt
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.covariates import with_missingness
from shared.statistics.estimates.cuped import cuped_means, cuped_ratios, cuped_ratios_by_ratios
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.result.obstacles import Caution, Obstacle
from tests.shared.statistics.estimates.rows import moments_of

Floats = NDArray[np.float64]
AGREEMENT = 1e-9
SEEDS = [1, 2, 3, 4, 5]


def arms_with_covariates(seed: int, covariate_count: int, counts: tuple[int, ...] = (83, 61)) -> list[Floats]:
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(covariate_count, covariate_count))
    arms = []
    for place, count in enumerate(counts):
        covariates = rng.gamma(2, size=(count, covariate_count)) @ mix + 5
        values = covariates @ rng.normal(1, 0.1, covariate_count) + rng.normal(size=count) * (1 + place) + place
        arms.append(np.column_stack([values, covariates]))
    return arms


def ratio_arms(seed: int, counts: tuple[int, ...] = (150, 210)) -> list[Floats]:
    """Returns columns numerator, denominator, past numerator, past denominator."""
    rng = np.random.default_rng(seed)
    arms = []
    for place, count in enumerate(counts):
        habit = rng.gamma(3, size=count)
        denominator, past_denominator = rng.poisson(habit) + 1.0, rng.poisson(habit) + 1.0
        rate = rng.beta(3, 4, count)
        numerator = rng.poisson(denominator * rate * (1 + 0.1 * place)) + rng.normal(size=count) * 0.1
        past_numerator = rng.poisson(past_denominator * rate) + rng.normal(size=count) * 0.1
        arms.append(np.column_stack([numerator, denominator, past_numerator, past_denominator]))
    return arms


def tea_tasting_result(arms: list[Floats], columns: list[str], metric: tt.metrics.MetricBase) -> dict[str, float]:
    table = pd.DataFrame(np.concatenate(arms), columns=columns)
    table["variant"] = np.repeat([0, 1], [len(arm) for arm in arms])
    return dict(tt.Experiment(metric=metric).analyze(table)["metric"]._asdict())


def test_means_when_coefficient_is_that_of_all_units_then_equal_tea_tasting() -> None:
    for seed in SEEDS:
        arms = arms_with_covariates(seed, 1)
        pooled = np.cov(np.concatenate(arms).T)

        found = cuped_means(moments_of(*arms), coefficients=[pooled[0, 1] / pooled[1, 1]]).estimates

        expected = tea_tasting_result(arms, ["value", "covariate"], tt.Mean("value", "covariate"))
        assert_equals_tea_tasting(found, expected)


def test_ratios_when_coefficient_is_that_of_all_units_then_equal_tea_tasting() -> None:
    for seed in SEEDS:
        arms = ratio_arms(seed)
        n, d, pn, pd_ = np.concatenate(arms).T
        value, past = (n - n.mean() / d.mean() * d) / d.mean(), (pn - pn.mean() / pd_.mean() * pd_) / pd_.mean()
        theta = np.cov(value, past)[0, 1] / past.var(ddof=1)

        found = cuped_ratios_by_ratios(moments_of(*arms), coefficients=[theta]).estimates

        metric = tt.RatioOfMeans("n", "d", "pn", "pd")
        assert_equals_tea_tasting(found, tea_tasting_result(arms, ["n", "d", "pn", "pd"], metric))


def assert_equals_tea_tasting(found: ArmEstimates, expected: dict[str, float]) -> None:
    result = compare(found[1], found[0])
    numbers = [found.value[0], found.value[1], result.difference, result.difference_low, result.difference_high]
    names = ["control", "treatment", "effect_size", "effect_size_ci_lower", "effect_size_ci_upper"]
    np.testing.assert_allclose(numbers, [expected[name] for name in names], rtol=AGREEMENT)
    np.testing.assert_allclose(result.p_value, expected["pvalue"], rtol=AGREEMENT)


def test_means_when_coefficient_is_estimated_then_near_tea_tasting() -> None:
    arms = arms_with_covariates(1, 1, (4000, 6000))

    found = cuped_means(moments_of(*arms)).estimates

    expected = tea_tasting_result(arms, ["value", "covariate"], tt.Mean("value", "covariate"))
    np.testing.assert_allclose(found.value[1] - found.value[0], expected["effect_size"], rtol=1e-3)


@pytest.mark.parametrize("covariate_count", [1, 3])
def test_means_when_several_covariates_then_difference_is_that_of_least_squares(covariate_count: int) -> None:
    for seed in SEEDS:
        arms = arms_with_covariates(seed, covariate_count)
        fit = least_squares(arms)

        adjusted = cuped_means(moments_of(*arms))

        found = compare(adjusted.estimates[1], adjusted.estimates[0])
        np.testing.assert_allclose(found.difference, fit.params[1], rtol=AGREEMENT)
        np.testing.assert_allclose(adjusted.health.coefficients, fit.params[2:], rtol=AGREEMENT)
        without = sm.OLS(fit.model.endog, fit.model.exog[:, :2]).fit()
        np.testing.assert_allclose(adjusted.health.explained_share, 1 - fit.ssr / without.ssr, rtol=AGREEMENT)


def test_means_when_several_covariates_then_variances_and_freedom_add_up_to_those_of_least_squares() -> None:
    for seed in SEEDS:
        arms = arms_with_covariates(seed, 3)
        fit = least_squares(arms)
        left = fit.df_resid

        found = cuped_means(moments_of(*arms)).estimates

        np.testing.assert_allclose(found.degrees_of_freedom.sum(), left, rtol=AGREEMENT)
        own = found.variance * found.unit_count / ((left + 2) / (left - 1))
        residual = (own * found.degrees_of_freedom).sum() / left
        np.testing.assert_allclose(residual, fit.mse_resid, rtol=AGREEMENT)


def least_squares(arms: list[Floats]) -> sm.regression.linear_model.RegressionResults:
    rows = np.concatenate(arms)
    treated = np.repeat([0.0, 1.0], [len(arm) for arm in arms])
    return sm.OLS(rows[:, 0], np.column_stack([np.ones(len(rows)), treated, rows[:, 1:]])).fit()


def test_ratios_when_past_are_two_covariates_then_value_is_that_of_the_linearised_regression() -> None:
    arms = ratio_arms(3)
    linear = []
    for arm in arms:
        ratio, denominator = arm[:, 0].mean() / arm[:, 1].mean(), arm[:, 1].mean()
        linear.append(np.column_stack([ratio + (arm[:, 0] - ratio * arm[:, 1]) / denominator, arm[:, 2:]]))

    found = cuped_ratios(moments_of(*arms)).estimates

    expected = cuped_means(moments_of(*linear)).estimates
    np.testing.assert_allclose(found.value, expected.value, rtol=AGREEMENT)
    np.testing.assert_allclose(found.variance, expected.variance, rtol=AGREEMENT)


def test_means_when_arms_have_own_slopes_then_shared_covariance_is_that_of_the_influence_of_units() -> None:
    """The oracle: each unit moves each arm's value by so much; covariances are sums of products of these."""
    arms = arms_with_covariates(2, 2, (70, 50, 90))
    total = sum(len(arm) for arm in arms)
    theta = np.array([0.7, -0.2])
    moved = np.zeros((total, 3))
    start = 0
    for place, arm in enumerate(arms):
        away = arm - arm.mean(0)
        own = slice(start, start + len(arm))
        moved[own] += (away[:, 1:] @ theta / total)[:, None]
        moved[own, place] += (away[:, 0] - away[:, 1:] @ theta) / len(arm)
        # The estimates divide by n - 1 where the influence's sum of squares divides by n.
        moved[own] *= np.sqrt(len(arm) / (len(arm) - 1))
        start += len(arm)

    found = cuped_means(moments_of(*arms), coefficients=theta).estimates

    covariance = moved.T @ moved
    shared = (found.common_variance[:, None] + found.common_variance) / 2
    np.testing.assert_allclose(np.diag(found.variance) + shared, covariance, rtol=AGREEMENT)


def test_means_when_covariates_are_combinations_of_others_then_as_without_them() -> None:
    arms = arms_with_covariates(4, 2)
    more = [np.column_stack([arm, arm[:, 1] - 3 * arm[:, 2], np.full(len(arm), 0.1), 2 * arm[:, 1]]) for arm in arms]

    found = cuped_means(moments_of(*more))

    expected = cuped_means(moments_of(*arms))
    assert found.health.independent_count == 2
    np.testing.assert_allclose(found.estimates.value, expected.estimates.value, rtol=AGREEMENT)
    np.testing.assert_allclose(found.estimates.variance, expected.estimates.variance, rtol=AGREEMENT)
    np.testing.assert_allclose(found.estimates.degrees_of_freedom, expected.estimates.degrees_of_freedom)


def test_means_when_covariates_are_missing_then_the_filled_in_number_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    arms = arms_with_covariates(5, 1)
    holes = [rng.random(len(arm)) < 0.3 for arm in arms]
    filled = []
    for arm, hole in zip(arms, holes, strict=True):
        filled.append(np.column_stack([arm[:, 0], with_missingness(np.where(hole, np.nan, arm[:, 1])[:, None])]))
    other = [np.column_stack([one[:, 0], np.where(one[:, 2] == 1, 99.0, one[:, 1]), one[:, 2]]) for one in filled]

    found = cuped_means(moments_of(*filled), missing_indicators=[1])

    expected = cuped_means(moments_of(*other), missing_indicators=[1])
    np.testing.assert_allclose(found.estimates.value, expected.estimates.value, rtol=AGREEMENT)
    np.testing.assert_allclose(found.estimates.variance, expected.estimates.variance, rtol=AGREEMENT)
    np.testing.assert_allclose(found.health.missing_share, np.concatenate(holes).mean())


def test_means_when_metrics_are_stacked_then_each_is_as_alone() -> None:
    stacks = [arms_with_covariates(seed, 2) for seed in SEEDS]
    whole = [np.stack([stack[arm] for stack in stacks]) for arm in (0, 1)]

    found = cuped_means(moments_of(*whole)).estimates

    for place, stack in enumerate(stacks):
        alone = cuped_means(moments_of(*stack)).estimates
        np.testing.assert_allclose(found.value[place], alone.value, rtol=AGREEMENT)
        np.testing.assert_allclose(found.common_variance[place], alone.common_variance, rtol=AGREEMENT)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    effect=st.floats(-50, 50),
    scale=st.floats(1e-3, 1e3),
    covariate_scale=st.floats(1e-3, 1e3),
    shift=st.floats(-100, 100),
)
def test_means_when_one_arm_is_shifted_and_all_are_scaled_then_estimates_follow(
    seed: int, effect: float, scale: float, covariate_scale: float, shift: float
) -> None:
    control, treatment = arms_with_covariates(seed, 2)
    moved = []
    for arm, step in ((control, 0.0), (treatment, effect)):
        values, covariates = (arm[:, 0] + step) * scale, arm[:, 1:] * covariate_scale + shift
        moved.append(np.column_stack([values, covariates]))

    found = cuped_means(moments_of(*moved)).estimates

    before = cuped_means(moments_of(control, treatment)).estimates
    size = scale * (np.abs(before.value).max() + abs(effect))
    np.testing.assert_allclose(found.value, (before.value + np.array([0, effect])) * scale, rtol=1e-7, atol=1e-7 * size)
    np.testing.assert_allclose(found.variance, before.variance * scale**2, rtol=1e-6)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_means_when_arms_swap_labels_then_estimates_swap(seed: int) -> None:
    first, second = arms_with_covariates(seed, 2)

    found = cuped_means(moments_of(second, first)).estimates

    before = cuped_means(moments_of(first, second)).estimates
    np.testing.assert_allclose(found.value[::-1], before.value, rtol=AGREEMENT)
    np.testing.assert_allclose(found.variance[::-1], before.variance, rtol=AGREEMENT)
    np.testing.assert_allclose(found.common_variance[::-1], before.common_variance, rtol=1e-8)


def test_means_when_coefficients_are_zero_then_plain_means() -> None:
    moments = moments_of(*arms_with_covariates(1, 1))

    found = cuped_means(moments, coefficients=[0.0]).estimates

    plain = means(moments.pick(0))
    np.testing.assert_array_equal(found.value, plain.value)
    np.testing.assert_allclose(found.variance, plain.variance, rtol=1e-12)
    np.testing.assert_array_equal(found.common_variance, 0)


def test_means_when_covariate_never_varies_then_not_estimable() -> None:
    arms = [np.column_stack([arm[:, 0], np.full(len(arm), 0.3)]) for arm in arms_with_covariates(1, 1)]

    found = cuped_means(moments_of(*arms)).estimates

    assert (found.obstacle == Obstacle.COVARIATE_WITHOUT_VARIANCE).all()


def test_means_when_covariate_tells_everything_then_zero_variance() -> None:
    arms = [np.column_stack([3 * arm[:, 1] - 2, arm[:, 1]]) for arm in arms_with_covariates(1, 1)]

    found = cuped_means(moments_of(*arms)).estimates

    assert (found.obstacle == Obstacle.ZERO_VARIANCE).all()


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((3, 3), Obstacle.TOO_FEW_UNITS),  # 4 degrees of freedom within arms, 3 covariates
        ((4, 4), Obstacle.NONE),
        ((1, 30), Obstacle.TOO_FEW_UNITS),
    ],
)
def test_means_when_units_are_few_then_says_so(counts: tuple[int, int], expected: Obstacle) -> None:
    found = cuped_means(moments_of(*arms_with_covariates(1, 3, counts))).estimates

    assert found.obstacle[0] == expected


def test_means_when_an_arm_is_empty_then_only_that_arm_is_not_estimable() -> None:
    full = moments_of(*arms_with_covariates(1, 1))
    moments = Moments(
        np.append(full.count, 0),
        np.concatenate([full.mean, np.zeros((1, 2))]),
        np.concatenate([full.products, np.zeros((1, 2, 2))]),
    )

    found = cuped_means(moments).estimates

    assert found.obstacle.tolist() == [Obstacle.NONE, Obstacle.NONE, Obstacle.NO_UNITS]
    np.testing.assert_allclose(found.value[:2], cuped_means(full).estimates.value, rtol=AGREEMENT)


def test_ratios_when_a_denominator_is_zero_then_not_estimable() -> None:
    control, treatment = ratio_arms(1)
    control[:, 1] = 0

    found = cuped_ratios(moments_of(control, treatment)).estimates

    assert found.obstacle.tolist() == [Obstacle.ZERO_DENOMINATOR, Obstacle.NONE]
    assert np.isfinite(found.variance).all()
    assert np.isfinite(found.common_variance).all()


def test_means_when_few_units_then_flagged_and_reported() -> None:
    found = cuped_means(moments_of(*arms_with_covariates(1, 1, (20, 20)))).estimates

    report = compare(found[1], found[0]).report()
    assert Caution.FEW_UNITS in report.caution


def test_ratios_when_a_denominator_is_little_known_then_flagged() -> None:
    control, treatment = ratio_arms(1)
    control[:, 1] += 5 * control[:, 1].std() * np.sqrt(1 / len(control)) - control[:, 1].mean()

    found = cuped_ratios(moments_of(control, treatment)).estimates

    assert found.obstacle.tolist() == [Obstacle.NONE, Obstacle.NONE]
    assert (found.caution & Caution.FEW_UNITS != 0).tolist() == [True, False]


@pytest.mark.parametrize(
    "arguments",
    [
        {"coefficients": [1.0, 2.0]},
        {"coefficients": [np.nan]},
        {"missing_indicators": [1]},
        {"missing_indicators": [-1]},
    ],
)
def test_means_when_arguments_do_not_fit_then_invalid(arguments: dict[str, list[float]]) -> None:
    with pytest.raises(InvalidArgument):
        cuped_means(moments_of(*arms_with_covariates(1, 1)), **arguments)  # type: ignore[arg-type]


def test_means_when_there_are_no_covariates_or_no_arms_then_invalid() -> None:
    moments = moments_of(*arms_with_covariates(1, 1))

    with pytest.raises(InvalidArgument):
        cuped_means(moments.pick(0))
    with pytest.raises(InvalidArgument):
        cuped_means(moments[0])
    with pytest.raises(InvalidArgument):
        cuped_ratios_by_ratios(moments_of(*ratio_arms(1)).pick(0, 1, 2))
