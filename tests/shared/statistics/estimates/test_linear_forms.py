"""Tests linearised ratios against the delta method written out, and against what ratios do when a mean moves."""

import numpy as np

from shared.statistics.estimates.linear_forms import Quantity, linearised
from tests.shared.statistics.estimates.rows import moments_of


def test_linearised_when_rows_are_known_then_covariance_is_that_of_linearised_rows() -> None:
    rows = np.random.default_rng(1).gamma(3, size=(50, 4))
    n, d, m, e = rows.T
    ratio, other = n.mean() / d.mean(), m.mean() / e.mean()
    expected = np.cov([(n - ratio * d) / d.mean(), m, (m - other * e) / e.mean()])

    found = linearised(moments_of(rows)[0], [Quantity(0, 1), Quantity(2), Quantity(2, 3)])

    np.testing.assert_allclose(found.value, [ratio, m.mean(), other], rtol=1e-12)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-9)


def test_linearised_when_a_denominator_is_zero_then_only_its_quantity_is_missing() -> None:
    rows = np.random.default_rng(1).gamma(3, size=(50, 2))
    rows[:, 1] = 0

    found = linearised(moments_of(rows)[0], [Quantity(0, 1), Quantity(0)])

    assert np.isnan(found.value).tolist() == [True, False]
    np.testing.assert_allclose(found.covariance[1, 1], rows[:, 0].var(ddof=1))


def test_linearised_when_a_denominator_is_little_known_then_not_precise_or_missing() -> None:
    rng = np.random.default_rng(1)
    rows = [np.column_stack([rng.normal(5, 1, 100), rng.normal(mean, 1, 100)]) for mean in (0.1, 0.6, 5.0)]

    found = linearised(moments_of(*rows), [Quantity(0, 1)])

    assert np.isnan(found.value[:, 0]).tolist() == [True, False, False]
    assert found.is_precise.tolist() == [False, False, True]
