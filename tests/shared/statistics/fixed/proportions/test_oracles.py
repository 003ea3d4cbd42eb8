"""Score intervals and p-values against statsmodels, brute force and published figures."""

import pytest
from scipy import stats
from statsmodels.stats.proportion import proportions_ztest

from shared.statistics.result.method import Alternative
from tests.shared.statistics.fixed.proportions.reference import chi_squared_of_difference, statsmodels_test
from tests.shared.statistics.fixed.proportions.tables import compared, random_tables

AGREEMENT = 1e-9
WORDS = {Alternative.TWO_SIDED: "two-sided", Alternative.GREATER: "larger", Alternative.LESS: "smaller"}


def test_difference_when_at_its_ends_then_brute_force_statistic_is_the_quantile() -> None:
    # statsmodels has a slip in the constrained estimates of a difference that is not 0 (its issue 10269): no oracle.
    for table in random_tables(1, 300):
        found = compared(table)

        for end in (float(found.difference_low), float(found.difference_high)):
            if abs(end) < 1:
                assert chi_squared_of_difference(table, end) == pytest.approx(stats.chi2.isf(0.05, 1), rel=1e-8)


def test_lift_when_at_its_ends_then_statsmodels_p_value_is_alpha() -> None:
    for table in random_tables(2, 300):
        found = compared(table, alpha=0.01)

        for end in (float(found.lift_low), float(found.lift_high)):
            if table[0] < table[1] and table[2] < table[3]:
                at_end = statsmodels_test(*table, value=1 + end, compare="ratio", method="score")
                assert at_end.pvalue == pytest.approx(0.01, rel=1e-7)


@pytest.mark.parametrize("alternative", Alternative)
def test_p_value_when_tables_are_random_then_equals_statsmodels(alternative: Alternative) -> None:
    for table in random_tables(3, 300):
        if table[0] < table[1] and table[2] < table[3]:  # statsmodels warns where odds are infinite.
            found = compared(table, alternative=alternative)

            expected = statsmodels_test(*table, method="score", alternative=WORDS[alternative])
            assert found.p_value == pytest.approx(expected.pvalue, rel=AGREEMENT)


def test_p_value_when_factor_is_taken_out_then_is_that_of_the_pooled_z() -> None:
    # statsmodels 0.15 proportions_ztest([550, 480], [10000] * 2).
    found = compared((550, 10_000, 480, 10_000))

    z = stats.norm.isf(float(found.p_value) / 2) * (20_000 / 19_999) ** 0.5
    assert z == pytest.approx(2.2395499852, abs=5e-11)
    assert z == pytest.approx(proportions_ztest([550, 480], [10_000] * 2)[0], rel=1e-12)


def test_p_value_when_squared_then_is_the_n_minus_1_chi_squared() -> None:
    table = (7, 34, 1, 34)

    found = compared(table)

    pearson = stats.chi2_contingency([[7, 27], [1, 33]], correction=False).statistic
    assert found.p_value == pytest.approx(stats.chi2.sf(pearson * 67 / 68, 1), rel=1e-12)


def test_difference_when_published_then_equals_propcis() -> None:
    # R PropCIs 0.3 diffscoreci(7, 34, 1, 34, 0.95), as quoted by statsmodels' tests; it stops within 1e-7.
    found = compared((7, 34, 1, 34))

    assert found.difference_low == pytest.approx(0.0270416, abs=2e-7)
    assert found.difference_high == pytest.approx(0.3452912, abs=2e-7)


def test_lift_when_published_then_equals_propcis() -> None:
    # R PropCIs 0.3 riskscoreci(7, 34, 1, 34, 0.95), which leaves out the factor N / (N - 1): so does this alpha.
    alpha = 2 * stats.norm.sf(stats.norm.isf(0.025) * (67 / 68) ** 0.5)

    found = compared((7, 34, 1, 34), alpha=alpha)

    assert 1 + found.lift_low == pytest.approx(1.220853, abs=5e-7)
    assert 1 + found.lift_high == pytest.approx(42.575718, abs=5e-7)
