"""Chances of what posteriors make together: against closed forms and slow quadrature; their quantiles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from shared.statistics.bayesian.linear_chance import chance_of, quantile
from shared.statistics.bayesian.posterior import Posterior
from tests.shared.statistics.bayesian import posteriors
from tests.shared.statistics.bayesian.posteriors import powers

seldom = settings(max_examples=150, deadline=None, derandomize=True)
often = settings(max_examples=60, deadline=None, derandomize=True)


def chance_of_two(posterior: Posterior, slope: float, offset: float) -> float:
    return float(chance_of(posterior[1:], posterior[0])(np.asarray(slope), np.asarray(offset)))


@seldom
@given(posteriors.two_arms, st.floats(-2, 2), st.floats(0.5, 2))
def test_chance_when_compared_with_slow_quadrature_then_agrees(
    posterior: Posterior, deviations: float, slope: float
) -> None:
    mean, spread = posterior.mean(), posterior.standard_deviation()
    offset = float(mean[1] - slope * mean[0] + deviations * np.hypot(spread[1], slope * spread[0]))

    found = chance_of_two(posterior, slope, offset)

    assert found == pytest.approx(posteriors.chance(posterior, slope, offset), abs=1e-8)


@often
@given(powers(1, 1e6), powers(1, 1e6), powers(0.1, 10), st.floats(-3, 3))
def test_chance_when_gammas_are_divided_then_equals_the_incomplete_beta(
    first: float, second: float, rate: float, deviations: float
) -> None:
    posterior = posteriors.gamma([first, second], [1.0, rate])
    ratio = second / rate / first * np.exp(deviations * np.sqrt(1 / first + 1 / second))

    found = chance_of_two(posterior, ratio, 0.0)

    # theta_1 / theta_0 is beta-prime: its distribution function is an incomplete beta.
    assert found == pytest.approx(special.betainc(second, first, ratio * rate / (1 + ratio * rate)), abs=1e-9)


@often
@given(powers(1e-3, 1e3), st.floats(-3, 3), st.floats(0.2, 3))
def test_chance_when_both_are_normal_then_equals_the_closed_form(scale: float, deviations: float, slope: float) -> None:
    posterior = posteriors.student([0.3, 0.5], [scale, 1.0], [1e9, 1e9])
    spread = np.hypot(1.0, slope * scale)

    found = chance_of_two(posterior, slope, 0.5 - slope * 0.3 + deviations * spread)

    assert found == pytest.approx(special.ndtr(deviations), abs=1e-8)


def test_chance_when_there_are_three_cauchy_like_rivals_then_is_the_chance_of_all() -> None:
    posterior = posteriors.student([0.0, 0.0, 0.0, 0.0], [1.0] * 4, [2.5] * 4)

    below = chance_of(posterior[1:], posterior[0])(np.ones(()), np.zeros(()))
    above = chance_of(posterior[1:], posterior[0], every_other_above=True)(np.ones(()), np.zeros(()))

    assert float(below) == pytest.approx(1 / 4, abs=1e-9)
    assert float(above) == pytest.approx(1 / 4, abs=1e-9)


@often
@given(st.floats(0.001, 0.999), st.floats(-5, 5), powers(0.1, 10))
def test_quantile_when_the_chance_is_normal_then_finds_it(share: float, centre: float, spread: float) -> None:
    low, high = np.array([centre - 6 * spread]), np.array([centre + 9 * spread])

    found = quantile(lambda place: special.ndtr((place - centre) / spread), share, low, high)

    assert found[0] == pytest.approx(centre + spread * special.ndtri(share), abs=1e-8 * spread)


def test_quantile_when_the_chance_falls_and_one_is_missing_then_finds_the_others() -> None:
    centre = np.array([1.0, np.nan, -2.0])

    found = quantile(lambda place: special.ndtr(centre - place**3), 0.3, centre * 0 - 5, centre * 0 + 5)

    np.testing.assert_allclose(found, np.cbrt(centre - special.ndtri(0.3)), rtol=1e-9)
