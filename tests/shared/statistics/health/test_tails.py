"""Logarithms of tails against closed forms, SciPy where it does not underflow, and exact fractions."""

from fractions import Fraction
from math import comb, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from shared.statistics.health.tails import log_binomial_tails, log_chi_square_tail


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.floats(0, 1e7), st.integers(1, 60))
def test_chi_square_tail_of_even_freedom_is_the_poisson_sum(statistic: float, half: int) -> None:
    terms = np.arange(half)
    exact = special.logsumexp(special.xlogy(terms, statistic / 2) - special.gammaln(terms + 1)) - statistic / 2

    found = log_chi_square_tail(np.array(statistic), np.array(2.0 * half))

    assert found == pytest.approx(exact, rel=1e-12, abs=1e-12)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(0, 1e6))
def test_chi_square_tail_of_one_degree_is_that_of_the_normal(statistic: float) -> None:
    exact = np.log(2) + special.log_ndtr(-np.sqrt(statistic))

    found = log_chi_square_tail(np.array(statistic), np.array(1.0))

    assert found == pytest.approx(exact, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("freedom", [3.0, 57.0, 999.0, 5001.0])
def test_chi_square_tail_where_it_leaves_scipy_is_continuous(freedom: float) -> None:
    edge = stats.chi2.isf(1e-279, freedom)

    below, above = log_chi_square_tail(np.array([edge, edge + 8.0]), np.array(freedom))

    slope = stats.chi2.logpdf(edge + 4, freedom) - stats.chi2.logsf(edge + 4, freedom)
    assert below == pytest.approx(stats.chi2.logsf(edge, freedom), rel=1e-12)
    assert below - above == pytest.approx(8 * np.exp(slope), rel=1e-4)


@pytest.mark.parametrize(("count", "total", "share"), [(3, 10, 0.5), (0, 40, 0.1), (40, 40, 0.9), (60, 300, 0.125)])
def test_binomial_tails_are_exact_sums(count: int, total: int, share: float) -> None:
    p = Fraction(share)
    masses = [comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(total + 1)]
    exact = min(1.0, 2 * float(min(sum(masses[: count + 1]), sum(masses[count:]))))

    found = log_binomial_tails(np.array(float(count)), np.array(float(total)), np.array(share))

    assert float(np.exp(found)) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("count", "total", "share"), [(1500, 2000, 1 / 128), (0, 4000, 0.75), (2000, 2000, 0.25)])
def test_binomial_tails_below_what_a_double_holds_are_the_exact_sum(count: int, total: int, share: float) -> None:
    p = Fraction(share)
    outwards = range(count, total + 1) if count > total * share else range(count + 1)
    exact = sum((comb(total, k) * p**k * (1 - p) ** (total - k) for k in outwards), Fraction(0))
    logarithm = log(exact.numerator) - log(exact.denominator) + log(2)

    found = log_binomial_tails(np.array(float(count)), np.array(float(total)), np.array(share))

    assert found == pytest.approx(logarithm, rel=1e-6)
    assert found >= logarithm - 1e-9 * abs(logarithm)
