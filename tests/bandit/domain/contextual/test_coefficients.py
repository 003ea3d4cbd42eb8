"""Posteriors of coefficients against the normal equations of all unknowns at once."""

from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import linalg

from services.bandit.domain.contextual.coefficients import Prior, posterior

Floats: TypeAlias = NDArray[np.float64]

ARMS, FEATURES = 4, 3


def observed(rng: np.random.Generator, sizes: tuple[int, ...] = (30, 5, 0, 2)) -> tuple[list[Floats], list[Floats]]:
    contexts = [rng.standard_normal((size, FEATURES)) for size in sizes]
    return contexts, [rng.standard_normal(size) for size in sizes]


def moments(contexts: list[Floats], values: list[Floats]) -> tuple[Floats, Floats]:
    gram = np.stack([rows.T @ rows for rows in contexts])
    return gram, np.stack([rows.T @ given for rows, given in zip(contexts, values, strict=True)])


def all_at_once(
    contexts: list[Floats], values: list[Floats], precision: float, *, hybrid: bool
) -> tuple[Floats, Floats]:
    """Returns mean and covariance of all arms' coefficients, of K d entries, by conditioning their joint prior."""
    likeness = (np.eye(ARMS) + np.ones((ARMS, ARMS))) / 2 if hybrid else np.eye(ARMS)
    prior = np.kron(likeness, np.eye(FEATURES)) / precision
    design = linalg.block_diag(*contexts)
    gain = prior @ design.T @ np.linalg.inv(design @ prior @ design.T + np.eye(design.shape[0]))
    return gain @ np.concatenate(values), prior - gain @ design @ prior


@pytest.mark.parametrize("hybrid", [False, True])
@pytest.mark.parametrize("precision", [0.1, 1.0, 7.0])
def test_posterior_when_arms_have_trials_then_that_of_conditioning_the_joint_prior(
    *, hybrid: bool, precision: float
) -> None:
    contexts, values = observed(np.random.default_rng(1))
    mean, covariance = all_at_once(contexts, values, precision, hybrid=hybrid)

    known = posterior(*moments(contexts, values), Prior(precision, hybrid))

    np.testing.assert_allclose(known.mean.ravel(), mean, atol=1e-12)
    blocks = covariance.reshape(ARMS, FEATURES, ARMS, FEATURES)
    np.testing.assert_allclose(known.covariances(), [blocks[arm, :, arm] for arm in range(ARMS)], atol=1e-12)
    between = known.shared[0] @ known.shared[1].T if known.shared is not None else np.zeros((FEATURES, FEATURES))
    np.testing.assert_allclose(between, blocks[0, :, 1], atol=1e-12)


@pytest.mark.parametrize("hybrid", [False, True])
def test_posterior_when_there_are_no_trials_then_the_prior(*, hybrid: bool) -> None:
    known = posterior(np.zeros((ARMS, FEATURES, FEATURES)), np.zeros((ARMS, FEATURES)), Prior(4.0, hybrid))

    assert not known.mean.any()
    np.testing.assert_allclose(known.covariances(), np.broadcast_to(np.eye(FEATURES) / 4, (ARMS, FEATURES, FEATURES)))


def test_hybrid_when_an_arm_has_no_trials_then_it_follows_the_others() -> None:
    contexts = [np.ones((1000, 1)), np.ones((1000, 1)), np.ones((0, 1))]

    known = posterior(
        *moments(contexts, [np.full(1000, 3.0), np.full(1000, 3.0), np.zeros(0)]), Prior(1.0, hybrid=True)
    )

    # Given both at 3, beta is 2 in expectation: two of three equal parts, the prior at 0 being the third.
    assert known.mean[2, 0] == pytest.approx(2.0, abs=0.01)
    assert known.covariances()[2, 0, 0] == pytest.approx(0.5 + 0.5 / 3, abs=0.01)


@pytest.mark.parametrize("hybrid", [False, True])
def test_width_factors_when_multiplied_by_a_context_then_the_posterior_deviation(*, hybrid: bool) -> None:
    known = posterior(*moments(*observed(np.random.default_rng(2))), Prior(1.0, hybrid))
    context = np.array([1.0, -2.0, 0.5])

    widths = np.linalg.norm(known.width_factors() @ context, axis=1)

    np.testing.assert_allclose(widths**2, [context @ covariance @ context for covariance in known.covariances()])


def test_hybrid_width_when_noise_is_one_then_that_of_algorithm_2_of_li_and_others() -> None:
    rng = np.random.default_rng(3)
    contexts, values = observed(rng)
    arms = np.repeat(np.arange(ARMS), [rows.shape[0] for rows in contexts])
    a0, b0 = np.eye(FEATURES), np.zeros(FEATURES)
    a = [np.eye(FEATURES) for _ in range(ARMS)]
    b = [np.zeros((FEATURES, FEATURES)) for _ in range(ARMS)]
    c = [np.zeros(FEATURES) for _ in range(ARMS)]
    for arm, x, value in zip(arms.tolist(), np.concatenate(contexts), np.concatenate(values), strict=True):
        a0 += b[arm].T @ np.linalg.inv(a[arm]) @ b[arm]
        b0 += b[arm].T @ np.linalg.inv(a[arm]) @ c[arm]
        a[arm] += np.outer(x, x)
        b[arm] += np.outer(x, x)
        c[arm] += value * x
        a0 += np.outer(x, x) - b[arm].T @ np.linalg.inv(a[arm]) @ b[arm]
        b0 += value * x - b[arm].T @ np.linalg.inv(a[arm]) @ c[arm]
    x, beta, shared = rng.standard_normal(FEATURES), np.linalg.solve(a0, b0), np.linalg.inv(a0)

    # Both parts have precision 1 there: an arm has 2 for its variance.
    known = posterior(*moments(contexts, values), Prior(0.5, hybrid=True))

    for arm in range(ARMS):
        inverse = np.linalg.inv(a[arm])
        mean = x @ beta + x @ inverse @ (c[arm] - b[arm] @ beta)
        square = x @ shared @ x - 2 * x @ shared @ b[arm].T @ inverse @ x + x @ inverse @ x
        square += x @ inverse @ b[arm] @ shared @ b[arm].T @ inverse @ x
        assert known.mean[arm] @ x == pytest.approx(mean)
        assert (known.width_factors()[arm] @ x) @ (known.width_factors()[arm] @ x) == pytest.approx(square)


@pytest.mark.parametrize("hybrid", [False, True])
def test_deviations_when_drawn_then_they_have_the_joint_covariance(*, hybrid: bool) -> None:
    contexts, values = observed(np.random.default_rng(4))
    _, covariance = all_at_once(contexts, values, 1.0, hybrid=hybrid)
    known = posterior(*moments(contexts, values), Prior(1.0, hybrid))
    count = 40_000

    drawn = known.deviations(count, np.random.default_rng(5)).reshape(count, -1)

    # An entry's standard error is at most sqrt(2) of the variances over sqrt(pairs); 5 of them.
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    np.testing.assert_array_less(np.abs(drawn.T @ drawn / count - covariance), 5 * scale * np.sqrt(2 / (count / 2)))


@pytest.mark.parametrize("count", [1, 2, 7, 8])
def test_deviations_when_drawn_then_pairs_cancel(count: int) -> None:
    known = posterior(*moments(*observed(np.random.default_rng(6))), Prior(1.0, hybrid=True))

    drawn = known.deviations(count, np.random.default_rng(7))

    half = (count + 1) // 2
    assert drawn.shape == (count, ARMS, FEATURES)
    np.testing.assert_array_equal(drawn[half:], -drawn[: count - half])


@pytest.mark.parametrize("hybrid", [False, True])
def test_penalty_when_given_coefficients_then_minus_twice_the_log_prior_density(*, hybrid: bool) -> None:
    coefficients = np.random.default_rng(8).standard_normal((ARMS, FEATURES))
    likeness = (np.eye(ARMS) + np.ones((ARMS, ARMS))) / 2 if hybrid else np.eye(ARMS)

    expected = 3.0 * np.trace(coefficients.T @ np.linalg.inv(likeness) @ coefficients)

    assert Prior(3.0, hybrid).penalty(coefficients) == pytest.approx(expected)
