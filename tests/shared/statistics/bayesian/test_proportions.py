"""Beta posteriors: against SciPy and by hand, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.bayesian.proportions import BetaPrior, proportions
from shared.statistics.result.obstacles import Obstacle
from tests.shared.statistics.bayesian.posteriors import powers

often = settings(max_examples=60, deadline=None, derandomize=True)


def test_proportions_when_the_prior_is_uniform_then_adds_one_of_each() -> None:
    posterior = proportions([0, 480], [100, 10_000])

    assert posterior.alpha.tolist() == [1, 481]
    assert posterior.beta.tolist() == [101, 9521]
    assert posterior.unit_count.tolist() == [100, 10_000]


def test_proportions_when_the_prior_has_a_mean_and_a_worth_then_the_posterior_is_their_average() -> None:
    posterior = proportions(30, 100, prior=BetaPrior.of_mean(0.1, 300))

    assert float(posterior.mean()) == pytest.approx((0.1 * 300 + 30) / 400, rel=1e-15)


@often
@given(st.integers(0, 10_000), st.integers(0, 10_000), powers(0.5, 100), powers(0.5, 100))
def test_proportions_when_compared_with_scipy_then_agree(hits: int, misses: int, alpha: float, beta: float) -> None:
    posterior = proportions(hits, hits + misses + 1, prior=BetaPrior(alpha, beta))
    expected = stats.beta(alpha + hits, beta + misses + 1)

    low, high = posterior.interval(alpha=0.1)

    np.testing.assert_allclose(posterior.mean(), expected.mean(), rtol=1e-12)
    np.testing.assert_allclose(posterior.standard_deviation(), expected.std(), rtol=1e-12)
    np.testing.assert_allclose([low, high], expected.ppf([0.05, 0.95]), rtol=1e-9)
    np.testing.assert_allclose(posterior.density(low), expected.pdf(low), rtol=1e-9)
    np.testing.assert_allclose(posterior.chance_below(high), 0.95, rtol=1e-12)


def test_density_when_the_value_is_impossible_then_is_zero() -> None:
    assert proportions(3, 10).density(np.array([-0.1, 0.0, 1.0, 1.1])).tolist() == [0, 0, 0, 0]


def test_proportions_when_an_arm_is_empty_then_it_alone_has_an_obstacle() -> None:
    posterior = proportions([0, 3], [0, 10])

    assert posterior.obstacle.tolist() == [Obstacle.NO_UNITS, Obstacle.NONE]
    assert np.isnan(posterior.mean()).tolist() == [True, False]


@pytest.mark.parametrize(
    ("successes", "count", "prior"),
    [
        (5, 3, BetaPrior(1, 1)),
        (-1, 3, BetaPrior(1, 1)),
        (0.5, 3, BetaPrior(1, 1)),
        (np.nan, 3, BetaPrior(1, 1)),
        (1, 3, BetaPrior(0, 1)),
        (1, 3, BetaPrior(1, np.inf)),
        ([1, 2], [3, 4, 5], BetaPrior(1, 1)),
    ],
)
def test_proportions_when_an_argument_is_wrong_then_refuses(
    successes: ArrayLike, count: ArrayLike, prior: BetaPrior
) -> None:
    with pytest.raises(InvalidArgument):
        proportions(successes, count, prior=prior)


@pytest.mark.parametrize(("mean", "worth"), [(0, 10), (1, 10), (1.5, 10), (0.5, 0)])
def test_prior_when_its_mean_is_not_a_proportion_then_refuses(mean: float, worth: float) -> None:
    with pytest.raises(InvalidArgument):
        BetaPrior.of_mean(mean, worth)
