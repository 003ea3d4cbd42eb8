"""Linear models against statsmodels' ridge, closed forms and simulated truths."""

from typing import TypeAlias

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

from services.bandit.domain.contextual.coefficients import Prior
from services.bandit.domain.contextual.linear import linear_fit
from services.bandit.domain.contextual.trials import Trials
from tests.bandit.domain.contextual.simulated import Problem

Floats: TypeAlias = NDArray[np.float64]


def standard(values: Floats) -> Floats:
    return np.asarray((values - values.mean()) / values.std())


def test_fit_when_arms_have_trials_then_means_are_those_of_statsmodels_ridge() -> None:
    rng = np.random.default_rng(1)
    trials = Problem.drawn(rng).trials(800, rng)
    found = linear_fit(trials, 4, Prior(2.0))

    for arm in range(4):
        mine = trials.arms == arm
        model = sm.OLS(standard(trials.values)[mine], trials.contexts[mine])
        # It minimises squares / (2 n) + alpha / 2 squared coefficients.
        ridge = model.fit_regularized(alpha=2.0 * found.noise_variance / mine.sum(), L1_wt=0.0)
        np.testing.assert_allclose(found.posterior.mean[arm], ridge.params, atol=1e-10)


def test_fit_when_the_prior_is_weak_then_covariances_are_those_of_least_squares() -> None:
    rng = np.random.default_rng(2)
    trials = Problem.drawn(rng).trials(2000, rng)
    found = linear_fit(trials, 4, Prior(1e-9))

    residuals = 0.0
    for arm in range(4):
        mine = trials.arms == arm
        squares = sm.OLS(standard(trials.values)[mine], trials.contexts[mine]).fit()
        residuals += squares.ssr
        np.testing.assert_allclose(found.posterior.mean[arm], squares.params, atol=1e-8)
        expected = squares.normalized_cov_params * found.noise_variance
        np.testing.assert_allclose(found.posterior.covariances()[arm], expected, rtol=1e-6)
    # All 20 parameters are effective.
    assert found.noise_variance == pytest.approx((1 + residuals) / (1 + 2000 - 20), rel=1e-6)
    assert found.prediction_variance == pytest.approx(found.noise_variance * 20 / 2000, rel=1e-6)


@pytest.mark.parametrize("hybrid", [False, True])
def test_noise_when_found_then_it_satisfies_its_equation_with_hat_matrices(*, hybrid: bool) -> None:
    rng = np.random.default_rng(3)
    trials = Problem.drawn(rng).trials(120, rng)
    found = linear_fit(trials, 4, Prior(1.0, hybrid))
    design = np.zeros((120, 20))
    for row, arm in enumerate(trials.arms):
        design[row, 5 * arm : 5 * arm + 5] = trials.contexts[row]
    likeness = (np.eye(4) + np.ones((4, 4))) / 2 if hybrid else np.eye(4)
    kernel = design @ np.kron(likeness, np.eye(5)) @ design.T
    hat = kernel @ np.linalg.inv(kernel + found.noise_variance * np.eye(120))
    residuals = standard(trials.values) - hat @ standard(trials.values)

    expected = (1 + residuals @ residuals) / (1 + 120 - np.trace(hat))

    assert found.noise_variance == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("noise", [0.1, 1.0, 10.0])
def test_noise_when_there_are_many_trials_then_near_the_truth(noise: float) -> None:
    rng = np.random.default_rng(4)
    trials = Problem.drawn(rng, noise=noise).trials(20_000, rng)

    found = linear_fit(trials, 4, Prior(1.0)).noise_variance * trials.values.var()

    # The relative standard error of a variance is sqrt(2 / n) = 0.01.
    assert found == pytest.approx(noise**2, rel=0.04)


@pytest.mark.parametrize("hybrid", [False, True])
def test_posterior_when_the_truth_is_known_then_its_distance_is_chi_square(*, hybrid: bool) -> None:
    rng = np.random.default_rng(5)
    squares = []
    for _ in range(200):
        trials = Problem(np.tile([0.0, 1.0, 0.0, 0.0], (3, 1))).trials(300, rng)
        found = linear_fit(trials, 3, Prior(1.0, hybrid)).posterior
        truth = np.zeros((3, 4))
        truth[:, 1] = 1 / trials.values.std()
        truth[:, 0] = -trials.values.mean() / trials.values.std()
        away = found.mean - truth
        squares.append([a @ np.linalg.solve(c, a) for a, c in zip(away, found.covariances(), strict=True)])

    # Squared distances are chi-square with 4 degrees of freedom, mean 4, variance 8; a little less for shrinkage.
    assert np.mean(squares) == pytest.approx(4, abs=5 * np.sqrt(8 / 600))


def test_fit_when_values_are_all_alike_then_noise_is_one_and_means_are_zero() -> None:
    trials = Trials(np.ones((50, 1)), np.zeros(50, np.int64), np.full(50, 0.1))

    found = linear_fit(trials, 2, Prior(1.0))

    assert found.noise_variance == 1
    assert not found.posterior.mean.any()
    np.testing.assert_allclose(found.posterior.covariances().ravel(), [1 / 51, 1])


def test_fit_when_a_plane_explains_everything_then_noise_stays_above_zero() -> None:
    rng = np.random.default_rng(6)
    trials = Problem.drawn(rng, noise=0.0).trials(5000, rng)

    found = linear_fit(trials, 4, Prior(1.0))

    assert 1 / 5001 <= found.noise_variance < 1 / 4000
    assert np.isfinite(found.posterior.mean).all()


def test_fit_when_there_are_fewer_trials_than_parameters_then_finite() -> None:
    rng = np.random.default_rng(7)
    trials = Problem.drawn(rng, features=30).trials(12, rng)

    found = linear_fit(trials, 4, Prior(1.0))

    assert 0 < found.noise_variance < 2
    assert np.isfinite(found.posterior.mean).all()


def test_fit_when_columns_are_collinear_or_constant_then_they_share_the_effect() -> None:
    rng = np.random.default_rng(8)
    x = rng.standard_normal(4000)
    contexts = np.column_stack([np.ones(4000), x, x, np.ones(4000), np.zeros(4000)])
    trials = Trials(contexts, np.zeros(4000, np.int64), 2 * x + rng.standard_normal(4000))

    found = linear_fit(trials, 1, Prior(1.0)).posterior

    assert found.mean[0, 1] == pytest.approx(found.mean[0, 2])
    assert found.mean[0, 1] * trials.values.std() == pytest.approx(1, abs=0.05)
    assert found.covariances()[0, 4, 4] == pytest.approx(1)
    # What only their difference could tell is as unknown as before: variance 2.
    assert np.array([0, 1, -1, 0, 0]) @ found.covariances()[0] @ np.array([0, 1, -1, 0, 0]) == pytest.approx(2)


def test_fit_when_values_are_huge_or_tiny_then_as_for_values_of_order_one() -> None:
    rng = np.random.default_rng(9)
    trials = Problem.drawn(rng).trials(200, rng)
    expected = linear_fit(trials, 4, Prior(1.0)).posterior.mean

    for scale in (2.0**-1020, 2.0**1000):
        scaled = Trials(trials.contexts, trials.arms, trials.values * scale)
        np.testing.assert_allclose(linear_fit(scaled, 4, Prior(1.0)).posterior.mean, expected, rtol=1e-9)
