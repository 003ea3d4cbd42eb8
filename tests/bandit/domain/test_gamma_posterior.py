"""Posteriors of counts, against SciPy's Gamma distribution, quadrature, and an update one value at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from services.bandit.domain.learning import target_weights
from services.bandit.domain.posterior import gamma_posterior, posterior
from services.bandit.domain.statistics import ArmStatistics
from shared.definition.model import GammaThompson, MetricDirection, MetricKind
from tests.bandit.domain.rewards import definition_of
from tests.bandit.examples import SALES, measured

UP, DOWN = MetricDirection.MAXIMIZE, MetricDirection.MINIMIZE

samples = st.lists(st.lists(st.integers(0, 30).map(float), max_size=12), min_size=2, max_size=6)
priors = st.builds(GammaThompson, st.floats(0.1, 50), st.floats(0.1, 50))


def of_values(arms: list[list[float]]) -> list[ArmStatistics]:
    return [measured(str(place), arm) for place, arm in enumerate(arms)]


@settings(deadline=None)
@given(samples, priors)
def test_gamma_when_counted_then_mean_and_quantiles_are_scipys_after_one_update_a_value(
    arms: list[list[float]], prior: GammaThompson
) -> None:
    known = gamma_posterior(prior, of_values(arms), UP)

    for place, arm in enumerate(arms):
        shape, rate = prior.prior_shape, prior.prior_unit_count
        for value in arm:
            shape, rate = shape + value, rate + 1
        oracle = stats.gamma(shape, scale=1 / rate)
        found = [known.mean[place], known.low[place], known.high[place]]
        assert found == pytest.approx([oracle.mean(), oracle.ppf(0.025), oracle.ppf(0.975)], rel=1e-9)
    assert known.probability_best.sum() == pytest.approx(1)
    assert (known.expected_loss >= 0).all()


def test_gamma_when_updated_then_it_is_bayes_rule_with_a_poisson_likelihood() -> None:
    arm, prior = [2.0, 0.0, 3.0], GammaThompson(2.0, 0.5)

    def joint(rate: float) -> float:
        return float(stats.gamma.pdf(rate, 2.0, scale=2.0) * stats.poisson.pmf(arm, rate).prod())

    known = gamma_posterior(prior, of_values([arm, []]), UP)

    evidence, _ = integrate.quad(joint, 0, np.inf, epsabs=1e-14)
    mean, _ = integrate.quad(lambda rate: rate * joint(rate) / evidence, 0, np.inf, epsabs=1e-12)
    below, _ = integrate.quad(lambda rate: joint(rate) / evidence, 0, known.low[0], epsabs=1e-12)
    assert known.mean[0] == pytest.approx(mean, rel=1e-8)
    assert below == pytest.approx(0.025, abs=1e-8)


@pytest.mark.parametrize("direction", list(MetricDirection))
def test_gamma_when_three_arms_then_the_probabilities_are_the_integrals(direction: MetricDirection) -> None:
    arms = of_values([[1.0, 0.0, 2.0, 1.0], [2.0, 3.0], [0.0] * 5 + [4.0]])
    oracles = [stats.gamma(1 + arm.value_sum, scale=1 / (1 + arm.unit_count)) for arm in arms]

    known = gamma_posterior(GammaThompson(), arms, direction)

    for place, one in enumerate(oracles):
        others = [other for other in oracles if other is not one]
        beats = [other.cdf if direction is UP else other.sf for other in others]
        expected, _ = integrate.quad(
            lambda rate, one=one, beats=beats: one.pdf(rate) * beats[0](rate) * beats[1](rate),
            0,
            np.inf,
            epsabs=1e-12,
        )
        assert known.probability_best[place] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("prior", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("count", [0, 1, 10**9])
def test_gamma_when_priors_or_counts_are_extreme_then_finite(prior: float, count: int) -> None:
    arms = [ArmStatistics("a", count, 3.0 * count, 3.0), ArmStatistics("b", count)]

    known = gamma_posterior(GammaThompson(prior, prior), arms, UP)

    assert np.isfinite([known.mean, known.low, known.high, known.probability_best, known.expected_loss]).all()


def test_gamma_when_less_is_better_then_the_arm_with_the_fewest_events_gets_most() -> None:
    arms = of_values([[3.0] * 50, [1.0] * 50, [2.0] * 50])
    definition = definition_of(GammaThompson(), "012", kind=MetricKind.MEAN, direction=DOWN, bounds=(0.0, 1000.0))

    assert target_weights(definition, arms)[1] > 0.99


def test_posterior_when_the_algorithm_is_gamma_then_its_own() -> None:
    arms = of_values([[3.0] * 5, [1.0] * 2])

    known = posterior(GammaThompson(2.0, 4.0), arms, SALES)

    assert known is not None
    assert known.mean.tolist() == pytest.approx([17 / 9, 4 / 6])
