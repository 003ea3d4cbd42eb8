"""Logistic models against statsmodels, a general optimiser, and quadrature in one dimension."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import integrate, optimize, special

from services.bandit.domain.contextual.coefficients import Prior
from services.bandit.domain.contextual.logistic import logistic_posterior
from services.bandit.domain.contextual.trials import Trials
from tests.bandit.domain.contextual.simulated import Problem


def pooled_log_odds(trials: Trials) -> float:
    successes = trials.values.sum()
    return float(np.log((successes + 0.5) / (trials.count - successes + 0.5)))


def test_posterior_when_the_prior_is_weak_then_that_of_statsmodels_logit() -> None:
    rng = np.random.default_rng(1)
    trials = Problem.drawn(rng, arms=2, features=3, logistic=True).trials(4000, rng)
    known = logistic_posterior(trials, 2, Prior(1e-10))

    for arm in range(2):
        mine = trials.arms == arm
        offset = np.full(mine.sum(), pooled_log_odds(trials))
        logit = sm.Logit(trials.values[mine], trials.contexts[mine], offset=offset).fit(disp=False, tol=1e-12)
        np.testing.assert_allclose(known.mean[arm], logit.params, atol=1e-6)
        np.testing.assert_allclose(known.covariances()[arm], logit.cov_params(), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("hybrid", [False, True])
def test_posterior_when_the_prior_is_not_then_the_maximum_and_curvature_that_a_general_optimiser_finds(
    *,
    hybrid: bool,
) -> None:
    rng = np.random.default_rng(2)
    arms, features, precision = 3, 3, 0.7
    trials = Problem.drawn(rng, arms=arms, features=features, logistic=True).trials(150, rng)
    likeness = (np.eye(arms) + np.ones((arms, arms))) / 2 if hybrid else np.eye(arms)
    inverse_prior = np.linalg.inv(np.kron(likeness, np.eye(features)) / precision)
    design = np.zeros((150, arms * features))
    for row, arm in enumerate(trials.arms):
        design[row, features * arm : features * (arm + 1)] = trials.contexts[row]
    signs = 2 * trials.values - 1

    def minus_log_density(theta: np.ndarray) -> float:
        odds = pooled_log_odds(trials) + design @ theta
        return float(np.log1p(np.exp(-signs * odds)).sum() + theta @ inverse_prior @ theta / 2)

    top = optimize.minimize(minus_log_density, np.zeros(arms * features), method="BFGS", options={"gtol": 1e-7}).x
    rates = special.expit(pooled_log_odds(trials) + design @ top)
    covariance = np.linalg.inv(design.T @ np.diag(rates * (1 - rates)) @ design + inverse_prior)

    known = logistic_posterior(trials, arms, Prior(precision, hybrid))

    np.testing.assert_allclose(known.mean.ravel(), top, atol=1e-5)
    blocks = covariance.reshape(arms, features, arms, features)
    np.testing.assert_allclose(known.covariances(), [blocks[arm, :, arm] for arm in range(arms)], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("successes", "count"), [(30, 200), (100, 200), (400, 2000)])
def test_posterior_when_there_is_one_feature_then_near_the_moments_by_quadrature(successes: int, count: int) -> None:
    values = np.repeat([1.0, 0.0], [successes, count - successes])
    trials = Trials(
        np.ones((2 * count, 1)), np.repeat([0, 1], count), np.concatenate([values, np.tile([0.0, 1.0], count // 2)])
    )
    centre = pooled_log_odds(trials)
    known = logistic_posterior(trials, 2, Prior(1.0))

    def density(theta: float) -> float:
        odds = centre + theta
        height = successes * odds - count * np.logaddexp(0, odds) - theta**2 / 2
        return float(np.exp(height - top))

    mode = known.mean[0, 0]
    top = successes * (centre + mode) - count * np.logaddexp(0, centre + mode) - mode**2 / 2
    total, first, second = (
        integrate.quad(lambda theta, power=power: theta**power * density(theta), mode - 3, mode + 3, points=[mode])[0]
        for power in range(3)
    )
    deviation = np.sqrt(second / total - (first / total) ** 2)

    # Laplace's error in the mean is of order 1 / n, here a small part of the deviation.
    assert mode == pytest.approx(first / total, abs=0.1 * deviation)
    assert np.sqrt(known.covariances()[0, 0, 0]) == pytest.approx(deviation, rel=0.03)


@pytest.mark.parametrize("hybrid", [False, True])
@pytest.mark.parametrize("precision", [1e-6, 1.0])
def test_posterior_when_a_plane_separates_the_data_then_finite_and_at_the_maximum(
    *, hybrid: bool, precision: float
) -> None:
    rng = np.random.default_rng(3)
    contexts = np.column_stack([np.ones(500), rng.standard_normal(500) * 5])
    trials = Trials(contexts, rng.integers(0, 2, 500), (contexts[:, 1] > 0).astype(np.float64))

    known = logistic_posterior(trials, 2, Prior(precision, hybrid))

    rates = special.expit(pooled_log_odds(trials) + (contexts * known.mean[trials.arms]).sum(axis=1))
    slope = np.array([contexts[trials.arms == arm].T @ (trials.values - rates)[trials.arms == arm] for arm in (0, 1)])
    likeness = (np.eye(2) + np.ones((2, 2))) / 2 if hybrid else np.eye(2)
    pull = precision * np.linalg.solve(likeness, known.mean)
    np.testing.assert_allclose(slope, pull, atol=1e-3 * np.abs(pull).max())
    assert np.isfinite(known.covariances()).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_posterior_when_values_are_all_alike_then_arms_with_trials_move_little_and_are_better_known(
    value: float,
) -> None:
    trials = Trials(np.ones((1000, 1)), np.repeat([0, 1], [990, 10]), np.full(1000, value))

    known = logistic_posterior(trials, 3, Prior(1.0))

    assert np.abs(known.mean).max() < 1
    assert known.mean[2, 0] == 0
    variances = known.covariances().ravel()
    assert variances[0] < variances[1] < variances[2] == pytest.approx(1)


def test_posterior_when_there_are_no_trials_then_the_prior() -> None:
    known = logistic_posterior(Trials(np.ones((0, 2)), np.zeros(0, np.int64), np.zeros(0)), 3, Prior(2.0))

    assert not known.mean.any()
    np.testing.assert_allclose(known.covariances(), np.broadcast_to(np.eye(2) / 2, (3, 2, 2)))


def test_posterior_when_columns_are_collinear_or_constant_then_finite() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal(1000)
    contexts = np.column_stack([np.ones(1000), x, x, np.ones(1000), np.zeros(1000)])
    trials = Trials(contexts, np.zeros(1000, np.int64), (rng.random(1000) < special.expit(x)).astype(np.float64))

    known = logistic_posterior(trials, 1, Prior(1.0))

    assert known.mean[0, 1] == pytest.approx(known.mean[0, 2])
    assert known.mean[0, 1] == pytest.approx(0.5, abs=0.1)
    assert known.covariances()[0, 4, 4] == pytest.approx(1)
