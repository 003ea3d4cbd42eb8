"""Gamma posteriors of rates: against SciPy, their units, and what they refuse or flag."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.bayesian.rates import GammaPrior, counts, rates
from shared.statistics.result.obstacles import Caution, Obstacle
from tests.shared.statistics.bayesian.posteriors import powers

often = settings(max_examples=60, deadline=None, derandomize=True)


@often
@given(st.integers(0, 100_000), powers(0.01, 1e6), powers(0.5, 100), powers(0.01, 100))
def test_rates_when_compared_with_scipy_then_agree(events: int, exposure: float, alpha: float, beta: float) -> None:
    posterior = rates([events], [exposure], prior=GammaPrior(alpha, beta))
    expected = stats.gamma(alpha + events, scale=1 / (beta + exposure))

    low, high = posterior.interval(alpha=0.1)

    np.testing.assert_allclose(posterior.mean(), expected.mean(), rtol=1e-12)
    np.testing.assert_allclose(posterior.standard_deviation(), expected.std(), rtol=1e-12)
    np.testing.assert_allclose([low[0], high[0]], expected.ppf([0.05, 0.95]), rtol=1e-9)
    np.testing.assert_allclose(posterior.density(low), expected.pdf(low), rtol=1e-8)
    np.testing.assert_allclose(posterior.chance_below(high), 0.95, rtol=1e-9)


def test_density_when_the_value_is_impossible_then_is_zero() -> None:
    assert rates([3], [10]).density(np.array([-0.1, 0.0])).tolist() == [0, 0]


def test_rates_when_there_is_no_prior_then_it_is_one_event_at_the_rate_of_all() -> None:
    posterior = rates([30, 50], [100, 60])

    assert posterior.alpha.tolist() == [31, 51]
    assert posterior.beta.tolist() == [102, 62]


def test_rates_when_the_prior_has_a_mean_and_a_worth_then_the_posterior_is_their_average() -> None:
    posterior = rates([30], [100], prior=GammaPrior.of_mean(0.1, 20))

    assert float(posterior.mean()[0]) == pytest.approx(50 / 300, rel=1e-15)


@often
@given(powers(1e-6, 1e6))
def test_rates_when_the_unit_of_exposure_changes_then_they_change_with_it(factor: float) -> None:
    events, exposure = np.array([30, 50]), np.array([100.0, 60.0])

    days, other = rates(events, exposure), rates(events, exposure * factor)

    np.testing.assert_allclose(other.quantile(0.9) * factor, days.quantile(0.9), rtol=1e-13)


def test_counts_when_given_moments_then_are_rates_per_unit() -> None:
    moments = Moments.of_values([100, 60], [0.3, 50 / 60], [30, 50])

    posterior, expected = counts(moments), rates([30, 50], [100, 60])

    np.testing.assert_allclose(posterior.mean(), expected.mean(), rtol=1e-15)
    assert posterior.caution.tolist() == [0, 0]


def test_counts_when_they_vary_more_than_poisson_counts_then_are_flagged() -> None:
    poisson, more = 0.3 * 5000, 0.3 * 5000 * 1.2

    posterior = counts(Moments.of_values([5000, 5000], [0.3, 0.3], [poisson, more]))

    assert posterior.caution.tolist() == [0, Caution.OVERDISPERSED]


def test_rates_when_data_cannot_tell_then_say_why() -> None:
    posterior = rates([[0, 5], [0, 0]], [[0, 10], [7, 7]])

    no, none = Obstacle.NO_UNITS, Obstacle.NO_EVENTS
    assert posterior.obstacle.tolist() == [[no, 0], [none, none]]
    assert (np.isnan(posterior.mean()) == (posterior.obstacle != 0)).all()


def test_rates_when_there_are_no_events_but_a_prior_then_answer() -> None:
    posterior = rates([0, 0], [7, 7], prior=GammaPrior(1, 1))

    np.testing.assert_allclose(posterior.mean(), [1 / 8, 1 / 8], rtol=1e-15)


@pytest.mark.parametrize(
    ("events", "exposure", "prior"),
    [
        ([-1], [3], None),
        ([0.5], [3], None),
        ([1], [0], None),
        ([1], [-3], None),
        ([1], [np.nan], None),
        (1, 3, None),
        ([1, 2], [3, 4, 5], None),
        ([1], [3], GammaPrior(0, 1)),
        ([1], [3], GammaPrior(1, np.inf)),
        ([1, 2], [3, 4], GammaPrior([1, 1, 1], 1)),
    ],
)
def test_rates_when_an_argument_is_wrong_then_refuse(
    events: ArrayLike, exposure: ArrayLike, prior: GammaPrior | None
) -> None:
    with pytest.raises(InvalidArgument):
        rates(events, exposure, prior=prior)


def test_counts_when_a_mean_is_negative_then_refuse() -> None:
    with pytest.raises(InvalidArgument):
        counts(Moments.of_values([10], [-1.0], [5.0]))
