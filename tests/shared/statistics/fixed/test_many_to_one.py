"""Tests the integral of the largest statistic against Student's t, scipy's integrals and published tables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from shared.statistics.fixed.many_to_one import beyond, bound_of, family_of

EQUAL = np.sqrt(0.5)
# Dunnett 1955, tables of one-sided bounds at 5 %, as reprinted in textbooks with more columns.
TREATMENT_COUNTS = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 20]
ONE_SIDED = {
    5: [2.44, 2.68, 2.85, 2.98, 3.08, 3.16, 3.24, 3.30, 3.36, 3.41, 3.45, 3.57, 3.72],
    6: [2.34, 2.56, 2.71, 2.83, 2.92, 3.00, 3.07, 3.12, 3.17, 3.22, 3.26, 3.37, 3.50],
    7: [2.27, 2.48, 2.62, 2.73, 2.82, 2.89, 2.95, 3.01, 3.05, 3.10, 3.13, 3.23, 3.36],
    8: [2.22, 2.42, 2.55, 2.66, 2.74, 2.81, 2.87, 2.92, 2.96, 3.01, 3.04, 3.14, 3.25],
    9: [2.18, 2.37, 2.50, 2.60, 2.68, 2.75, 2.81, 2.86, 2.90, 2.94, 2.97, 3.06, 3.18],
    10: [2.15, 2.34, 2.47, 2.56, 2.64, 2.70, 2.76, 2.81, 2.85, 2.89, 2.92, 3.01, 3.12],
    11: [2.13, 2.31, 2.44, 2.53, 2.60, 2.67, 2.72, 2.77, 2.81, 2.85, 2.88, 2.96, 3.07],
    12: [2.11, 2.29, 2.41, 2.50, 2.58, 2.64, 2.69, 2.74, 2.78, 2.81, 2.84, 2.93, 3.03],
    15: [2.07, 2.24, 2.36, 2.44, 2.51, 2.57, 2.62, 2.67, 2.70, 2.74, 2.77, 2.85, 2.95],
    20: [2.03, 2.19, 2.30, 2.39, 2.46, 2.51, 2.56, 2.60, 2.64, 2.67, 2.70, 2.77, 2.87],
    30: [1.99, 2.15, 2.25, 2.33, 2.40, 2.45, 2.50, 2.54, 2.57, 2.60, 2.63, 2.70, 2.79],
    60: [1.95, 2.10, 2.21, 2.28, 2.35, 2.39, 2.44, 2.48, 2.51, 2.54, 2.56, 2.63, 2.72],
    120: [1.93, 2.08, 2.18, 2.26, 2.32, 2.37, 2.41, 2.45, 2.48, 2.51, 2.53, 2.60, 2.68],
    np.inf: [1.92, 2.06, 2.16, 2.23, 2.29, 2.34, 2.38, 2.42, 2.45, 2.48, 2.50, 2.56, 2.64],
}


# Where its last digit is one off, as the adaptive integrals below show; (degrees of freedom, treatments).
ROUNDED_WRONGLY = {
    *[(5, 20), (6, 8), (7, 6), (7, 9), (7, 11), (11, 4), (15, 10), (30, 5), (60, 6), (60, 7), (60, 12)],
    (np.inf, 15),
}


def one_sided_bound(freedom: float, treatment_count: int) -> float:
    return bound_of(0.05, freedom, family_of(np.full(treatment_count, EQUAL), freedom, two_sided=False))


@pytest.mark.parametrize("freedom", ONE_SIDED)
def test_bound_when_published_table_then_as_printed(freedom: float) -> None:
    for treatment_count, printed in zip(TREATMENT_COUNTS, ONE_SIDED[freedom], strict=True):
        off = 0.01 if (freedom, treatment_count) in ROUNDED_WRONGLY else 0.0

        found = abs(round(one_sided_bound(freedom, treatment_count), 2) - printed)

        np.testing.assert_allclose(found, off, atol=1e-9)


@pytest.mark.parametrize(("freedom", "treatment_count"), [(7, 11), (30, 5), (60, 6)])
def test_bound_when_published_table_is_rounded_wrongly_then_adaptive_integrals_agree(
    freedom: int, treatment_count: int
) -> None:
    bound = one_sided_bound(freedom, treatment_count)

    def all_below(scale: float) -> float:
        inner, _ = integrate.quad(
            lambda z: stats.norm.pdf(z) * stats.norm.cdf(np.sqrt(2) * bound * scale + z) ** treatment_count, -8, 8
        )
        return float(inner * stats.chi.pdf(scale * np.sqrt(freedom), freedom) * np.sqrt(freedom))

    expected, _ = integrate.quad(all_below, 0.02, 4, epsabs=1e-9)

    np.testing.assert_allclose(expected, 0.95, atol=1e-8)


@pytest.mark.parametrize("freedom", [2.0, 3.7, 12.0, 1e4, 1e8, np.inf])
@pytest.mark.parametrize("loading", [0.0, 0.3, EQUAL, 0.99, 0.9999])
def test_beyond_when_one_comparison_then_is_students_t(freedom: float, loading: float) -> None:
    for bound in (0.1, 2.3, 6.0):
        both = beyond(bound, family_of(np.array([loading]), freedom, two_sided=True))
        above = beyond(bound, family_of(np.array([loading]), freedom, two_sided=False))

        expected = stats.t.sf(bound, freedom) if np.isfinite(freedom) else stats.norm.sf(bound)
        np.testing.assert_allclose([both, above], [2 * expected, expected], atol=1e-12)


def test_beyond_when_one_degree_of_freedom_then_still_near_students_t() -> None:
    found = beyond(3.0, family_of(np.array([0.5]), 1.0, two_sided=True))

    np.testing.assert_allclose(found, 2 * stats.t.sf(3.0, 1), atol=1e-9)


@pytest.mark.parametrize("two_sided", [True, False])
def test_beyond_when_loadings_differ_then_equals_nested_adaptive_integrals(*, two_sided: bool) -> None:
    loadings, freedom, bound = np.array([0.3, 0.7, 0.9]), 7.0, 2.1
    rests = np.sqrt(1 - loadings**2)

    def all_within(z: float, scale: float) -> float:
        inside = stats.norm.cdf((bound * scale + loadings * z) / rests)
        if two_sided:
            inside = inside - stats.norm.cdf((-bound * scale + loadings * z) / rests)
        return float(inside.prod() * stats.norm.pdf(z) * stats.chi.pdf(scale * np.sqrt(freedom), freedom))

    expected, _ = integrate.dblquad(
        lambda scale, z: all_within(z, scale) * np.sqrt(freedom), -8, 8, 0.02, 3.5, epsabs=1e-9, epsrel=1e-9
    )

    found = beyond(bound, family_of(loadings, freedom, two_sided=two_sided))

    np.testing.assert_allclose(found, 1 - expected, atol=1e-8)


def test_beyond_when_uncorrelated_and_scale_is_known_then_a_product() -> None:
    found = beyond(2.0, family_of(np.zeros(4), np.inf, two_sided=True))

    np.testing.assert_allclose(found, 1 - (1 - 2 * stats.norm.sf(2.0)) ** 4, rtol=1e-13)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    loadings=st.lists(st.floats(0, 0.99), min_size=1, max_size=4),
    freedom=st.floats(2, 500),
    alpha=st.floats(0.001, 0.3),
    two_sided=st.booleans(),
)
def test_bound_when_found_then_is_passed_with_chance_alpha(
    loadings: list[float], freedom: float, alpha: float, *, two_sided: bool
) -> None:
    family = family_of(np.array(loadings), freedom, two_sided=two_sided)

    found = bound_of(alpha, freedom, family)

    np.testing.assert_allclose(beyond(found, family), alpha, rtol=1e-9)
    tail = alpha / 2 if two_sided else alpha
    assert stats.t.isf(tail, freedom) - 1e-9 <= found <= stats.t.isf(tail / len(loadings), freedom) + 1e-9
