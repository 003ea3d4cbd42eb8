"""Student posteriors of means: against numerical integration of prior times likelihood, and their invariances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.bayesian.means import MeanPrior, means, unit_information
from shared.statistics.result.obstacles import Caution, Obstacle

Floats = NDArray[np.float64]

often = settings(max_examples=60, deadline=None, derandomize=True)


def two_arms(factor: float = 1.0, shift: float = 0.0) -> Moments:
    return Moments.of_values([40, 55], [factor * 10 + shift, factor * 12 + shift], [factor**2 * 160, factor**2 * 200])


def test_means_when_prior_and_likelihood_are_multiplied_on_a_grid_then_agree() -> None:
    values = np.array([2.0, 3.5, 1.0, 4.0, 2.5])
    prior = MeanPrior(mean=1.0, standard_deviation=2.0, unit_count=3.0)
    mean = np.linspace(-12, 16, 2801)[:, None]
    variance = np.exp(np.linspace(np.log(0.05), np.log(500), 3001))
    logarithm = (
        stats.norm.logpdf(mean, 1.0, np.sqrt(variance / 3))
        + stats.invgamma.logpdf(variance, 3 / 2, scale=3 * 2.0**2 / 2)
        + sum(stats.norm.logpdf(value, mean, np.sqrt(variance)) for value in values)
    )
    mass = (np.exp(logarithm - logarithm.max()) * variance).sum(axis=1)  # The grid is even in log(variance).

    posterior = means(Moments.of_values([5], [values.mean()], [((values - values.mean()) ** 2).sum()]), prior=prior)

    expected = mass / mass.sum() / (mean[1, 0] - mean[0, 0])
    np.testing.assert_allclose(posterior.density(mean[:, 0]), expected, atol=1e-6)
    assert float(posterior.degrees_of_freedom[0]) == 8


@often
@given(st.floats(-50, 50), st.floats(0.1, 9), st.integers(3, 10_000), st.floats(0.5, 40))
def test_means_when_compared_with_scipy_then_agree(location: float, deviation: float, count: int, worth: float) -> None:
    posterior = means(Moments.of_values([count], [location], [deviation**2 * count]), prior=MeanPrior(3.0, 2.0, worth))
    expected = stats.t(worth + count, loc=posterior.location[0], scale=posterior.scale[0])

    low, high = posterior.interval()

    np.testing.assert_allclose([low[0], high[0]], expected.ppf([0.025, 0.975]), rtol=1e-9)
    np.testing.assert_allclose(posterior.standard_deviation(), expected.std(), rtol=1e-9)
    np.testing.assert_allclose(posterior.density(low), expected.pdf(low), rtol=1e-9)
    np.testing.assert_allclose(posterior.chance_below(high), 0.975, rtol=1e-9)


def test_unit_information_when_made_then_is_the_mean_and_spread_of_all_arms_together() -> None:
    values = np.array([1.0, 2.0, 4.0]), np.array([3.0, 7.0])
    moments = Moments.of_values(
        [3, 2], [part.mean() for part in values], [((part - part.mean()) ** 2).sum() for part in values]
    )

    prior = unit_information(moments)

    together = np.concatenate(values)
    assert float(np.squeeze(prior.mean)) == pytest.approx(together.mean(), rel=1e-14)
    assert float(np.squeeze(prior.standard_deviation)) == pytest.approx(together.std(), rel=1e-14)


@pytest.mark.parametrize("factor", [2.0**-20, 1 / 128, 4.0, 2.0**30])
def test_means_when_the_unit_changes_then_posteriors_change_exactly(factor: float) -> None:
    posterior, changed = means(two_arms()), means(two_arms(factor))

    assert (changed.location / factor).tolist() == posterior.location.tolist()
    assert (changed.scale / factor).tolist() == posterior.scale.tolist()


def test_means_when_cents_become_dollars_then_agree_to_the_last_digits() -> None:
    posterior, cents = means(two_arms()), means(two_arms(100))

    np.testing.assert_allclose(cents.location / 100, posterior.location, rtol=1e-15)
    np.testing.assert_allclose(cents.scale / 100, posterior.scale, rtol=1e-15)


def test_means_when_all_values_are_shifted_then_posteriors_are_shifted() -> None:
    posterior, shifted = means(two_arms()), means(two_arms(shift=1e6))

    np.testing.assert_allclose(shifted.location - 1e6, posterior.location, rtol=1e-9)
    np.testing.assert_allclose(shifted.scale, posterior.scale, rtol=1e-9)


def test_means_when_arms_are_alike_then_posteriors_are_equal_to_the_last_bit() -> None:
    posterior = means(Moments.of_values([7, 7, 7], [0.1, 0.1, 0.1], [0.3, 0.3, 0.3]))

    assert len(set(posterior.location.tolist())) == 1


def test_means_when_the_prior_is_worth_next_to_nothing_then_intervals_are_those_of_t() -> None:
    posterior = means(two_arms(), prior=MeanPrior(0.0, 1.0, 1e-9))

    expected = stats.t(40, loc=10, scale=np.sqrt(160) / 40).ppf(0.975)  # Divisor n, n degrees of freedom.
    assert float(posterior.interval()[1][0]) == pytest.approx(expected, rel=1e-8)


def test_means_when_data_cannot_tell_then_say_why() -> None:
    moments = Moments.of_values(
        [[0, 50], [1, 50], [5, 5], [5, 50]],
        [[0, 1.0], [2.0, 1.0], [3.0, 3.0], [3.0, 1.0]],
        [[0.0, 9.0], [0.0, 9.0], [0.0, 0.0], [0.0, 9.0]],
    )

    posterior = means(moments)

    no, few, flat = Obstacle.NO_UNITS, Obstacle.TOO_FEW_UNITS, Obstacle.ZERO_VARIANCE
    assert posterior.obstacle.tolist() == [[no, 0], [few, 0], [flat, flat], [0, 0]]
    assert (np.isnan(posterior.mean()) == (posterior.obstacle != 0)).all()


def test_means_when_units_are_few_then_are_flagged() -> None:
    posterior = means(Moments.of_values([29, 30], [1.0, 1.0], [29.0, 30.0]))

    assert posterior.caution.tolist() == [Caution.FEW_UNITS, 0]


@pytest.mark.parametrize(
    ("mean", "deviation", "worth"),
    [(np.nan, 1, 1), (0, 0, 1), (0, -1, 1), (0, np.inf, 1), (0, 1, 0), ([0, 0, 0], 1, 1)],
)
def test_means_when_the_prior_is_wrong_then_refuse(mean: float, deviation: float, worth: float) -> None:
    with pytest.raises(InvalidArgument):
        means(two_arms(), prior=MeanPrior(mean, deviation, worth))


def test_means_when_there_are_two_variables_then_refuse() -> None:
    with pytest.raises(InvalidArgument):
        means(Moments.of([5], [[1.0, 2.0]], [np.eye(2)]))
