"""Simulates how often adjusted intervals hold what they should: differences and lifts, means and ratios."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.cuped import cuped_means, cuped_ratios, cuped_ratios_by_ratios
from shared.statistics.fixed.difference import compare
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.obstacles import Caution
from tests.shared.statistics.estimates.rows import moments_of
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]
REPETITIONS = 20_000


def compared(estimates: ArmEstimates) -> Comparison:
    return compare(estimates[:, 1], estimates[:, 0])


def difference_coverage(result: Comparison, truth: float) -> Rate:
    return Rate(int(((result.difference_low <= truth) & (truth <= result.difference_high)).sum()), result.shape[0])


def lift_coverage(result: Comparison, truth: float) -> Rate:
    return Rate(int(((result.lift_low <= truth) & (truth <= result.lift_high)).sum()), result.shape[0])


def normal_arms(
    rng: np.random.Generator,
    counts: tuple[int, int],
    covariate_count: int,
    *,
    lift: float,
    explained: float,
    additive: bool = False,
) -> list[Floats]:
    """Returns values of mean 2 (control); the effect is a step, or else a factor of slopes and variances, too."""
    arms = []
    for count, factor in zip(counts, (1.0, 1 + lift), strict=True):
        covariates = rng.normal(size=(REPETITIONS, count, covariate_count))
        signal = covariates.sum(-1, keepdims=True) * np.sqrt(explained / covariate_count)
        noise = rng.normal(size=(REPETITIONS, count, 1)) * np.sqrt(1 - explained)
        values = 2 * factor + signal + noise if additive else factor * (2 + signal + noise)
        arms.append(np.concatenate([values, covariates], axis=-1))
    return arms


@pytest.mark.parametrize("covariate_count", [1, 3])
@pytest.mark.parametrize("counts", [(10, 10), (15, 30), (60, 40)])
def test_difference_when_there_is_no_effect_then_covered_as_stated(
    counts: tuple[int, int], covariate_count: int
) -> None:
    rng = np.random.default_rng(20)

    result = compared(
        cuped_means(moments_of(*normal_arms(rng, counts, covariate_count, lift=0, explained=0.8))).estimates
    )

    assert difference_coverage(result, 0).agrees_with(0.95)


@pytest.mark.parametrize("additive", [True, False])
@pytest.mark.parametrize("covariate_count", [1, 3])
def test_difference_and_lift_when_there_is_an_effect_then_covered_as_stated(
    covariate_count: int, *, additive: bool
) -> None:
    rng = np.random.default_rng(21)
    arms = normal_arms(rng, (70, 50), covariate_count, lift=0.5, explained=0.9, additive=additive)

    result = compared(cuped_means(moments_of(*arms)).estimates)

    assert difference_coverage(result, 1.0).agrees_with(0.95)
    assert lift_coverage(result, 0.5).agrees_with(0.95)


@pytest.mark.parametrize("additive", [True, False])
def test_lift_when_shared_covariate_mean_is_ignored_as_peers_do_then_not_covered_as_stated(*, additive: bool) -> None:
    """Too narrow where the effect is a step, too wide where it is a factor, which the shared error follows."""
    rng = np.random.default_rng(22)
    arms = normal_arms(rng, (70, 50), 1, lift=0.5, explained=0.9, additive=additive)
    estimates = cuped_means(moments_of(*arms)).estimates

    ignoring = compared(replace(estimates, common_variance=np.zeros(estimates.shape)))

    covered = lift_coverage(ignoring, 0.5)
    assert not covered.is_at_least(0.93) if additive else not covered.is_at_most(0.97)


def test_difference_when_price_of_coefficients_is_ignored_then_not_covered_as_stated() -> None:
    rng = np.random.default_rng(23)
    moments = moments_of(*normal_arms(rng, (10, 10), 3, lift=0, explained=0.8))
    theta = cuped_means(moments).health.coefficients

    ignoring = compared(cuped_means(moments, coefficients=theta).estimates)

    assert not difference_coverage(ignoring, 0).is_at_least(0.94)


def ratio_arms(rng: np.random.Generator, counts: tuple[int, int], lift: float, repetitions: int) -> list[Floats]:
    """Returns sessions and orders of people with habits, before and after: order rate 0.4 a session in control."""
    arms = []
    for count, factor in zip(counts, (1.0, 1 + lift), strict=True):
        habit = rng.gamma(4, 1.0, size=(repetitions, count))
        taste = rng.beta(6, 9, size=(repetitions, count))
        sessions, past_sessions = rng.poisson(habit) + 1.0, rng.poisson(habit) + 1.0
        orders, past_orders = rng.poisson(sessions * taste * factor), rng.poisson(past_sessions * taste)
        arms.append(np.stack([orders, sessions, past_orders, past_sessions], axis=-1).astype(float))
    return arms


@pytest.mark.parametrize("adjust", [cuped_ratios, cuped_ratios_by_ratios])
@pytest.mark.parametrize("lift", [0.0, 0.3])
def test_ratio_when_units_have_habits_then_covered_as_stated(
    adjust: Callable[..., tuple[ArmEstimates, object]], lift: float
) -> None:
    rng = np.random.default_rng(24)
    arms = ratio_arms(rng, (300, 200), lift, 5000)

    result = compared(adjust(moments_of(*arms))[0])

    assert difference_coverage(result, 0.4 * lift).agrees_with(0.95)
    assert lift_coverage(result, lift).agrees_with(0.95)


def test_ratio_when_adjusted_then_narrower_than_plain() -> None:
    rng = np.random.default_rng(25)
    moments = moments_of(*ratio_arms(rng, (3000, 2000), 0.0, 50))

    adjusted = compared(cuped_ratios_by_ratios(moments).estimates)

    plain = compared(cuped_ratios_by_ratios(moments, coefficients=[0.0]).estimates)
    assert (adjusted.standard_error < plain.standard_error).all()


def test_difference_when_values_are_skewed_and_units_few_then_flagged() -> None:
    rng = np.random.default_rng(26)
    arms = []
    for count in (10, 20):
        past = rng.lognormal(0, 1.5, size=(REPETITIONS, count))
        arms.append(np.stack([past * rng.lognormal(0, 1.0, size=(REPETITIONS, count)), past], axis=-1))

    result = compared(cuped_means(moments_of(*arms)).estimates)

    assert not difference_coverage(result, 0).agrees_with(0.95)
    assert ((result.caution & Caution.FEW_UNITS) != 0).all()
