"""Tests score intervals of proportions against statsmodels, brute force and published figures, and by enumeration."""

import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, stats
from statsmodels.stats.proportion import proportions_ztest, test_proportions_2indep

from shared.errors import InvalidArgument
from shared.statistics.estimates.proportions import proportions
from shared.statistics.fixed.difference import compare
from shared.statistics.fixed.proportions import compare_proportions
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Caution, Obstacle

Floats = NDArray[np.float64]
Table = tuple[int, int, int, int]
AGREEMENT = 1e-9
WORDS = {Alternative.TWO_SIDED: "two-sided", Alternative.GREATER: "larger", Alternative.LESS: "smaller"}
statsmodels_test = test_proportions_2indep
statsmodels_test.__test__ = False  # Lest pytest collects it.


def tables(*, least: int = 0, most: int = 400) -> st.SearchStrategy[Table]:
    arm = st.integers(1, most).flatmap(lambda n: st.tuples(st.integers(min(least, n), n), st.just(n)))
    return st.tuples(arm, arm).map(lambda arms: (*arms[0], *arms[1]))


def compared(table: Table, *, alpha: float = 0.05, alternative: Alternative = Alternative.TWO_SIDED) -> Comparison:
    x_t, n_t, x_c, n_c = table
    return compare_proportions(
        treatment_successes=x_t,
        treatment_count=n_t,
        control_successes=x_c,
        control_count=n_c,
        alpha=alpha,
        alternative=alternative,
    )


def random_tables(seed: int, size: int) -> Iterator[Table]:
    """Yields tables with at least one success in each arm, of rates from 1 in 10,000 to nearly 1."""
    rng = np.random.default_rng(seed)
    for _ in range(size):
        n_t, n_c = (int(n) for n in 10 ** rng.uniform(0.5, 6, 2))
        share = rng.choice([rng.uniform(), 10 ** rng.uniform(-4, 0), 1 - 10 ** rng.uniform(-4, 0)])
        x_t, x_c = (max(1, int(rng.binomial(n, share))) for n in (n_t, n_c))
        yield x_t, n_t, x_c, n_c


def chi_squared_of_difference(table: Table, difference: float) -> float:
    """Returns the squared score statistic; the constrained proportions maximise the likelihood by bracketing."""
    x_t, n_t, x_c, n_c = table

    def slope(p: float) -> float:
        def part(x: int, n: int, q: float) -> float:
            return (x - n * q) / (q * (1 - q))

        return part(x_c, n_c, p) + part(x_t, n_t, p + difference)

    low, high = max(0.0, -difference), min(1.0, 1 - difference)
    nudge = 1e-13 * (high - low)
    if slope(low + nudge) <= 0:
        p = low
    elif slope(high - nudge) >= 0:
        p = high
    else:
        p = float(optimize.brentq(slope, low + nudge, high - nudge, xtol=1e-16))
    q = p + difference
    variance = (q * (1 - q) / n_t + p * (1 - p) / n_c) * (n_t + n_c) / (n_t + n_c - 1)
    return float((x_t / n_t - x_c / n_c - difference) ** 2 / variance)


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


@settings(max_examples=300, deadline=None, derandomize=True)
@given(tables(), st.floats(0.001, 0.49), st.sampled_from(Alternative))
def test_verdicts_when_there_are_several_then_agree(table: Table, alpha: float, alternative: Alternative) -> None:
    found = compared(table, alpha=alpha, alternative=alternative)

    significant = bool(found.p_value < alpha)
    assert bool((found.difference_low > 0) | (found.difference_high < 0)) == significant
    if found.lift_obstacle == 0:
        assert bool((found.lift_low > 0) | (found.lift_high < 0)) == significant


@settings(max_examples=200, deadline=None, derandomize=True)
@given(tables(most=10**6))
def test_intervals_when_arms_are_any_then_hold_the_estimate_and_stay_in_range(table: Table) -> None:
    found = compared(table)

    assert -1 <= found.difference_low <= found.difference + 1e-15
    assert found.difference - 1e-15 <= found.difference_high <= 1
    if found.lift_obstacle == 0:
        assert -1 <= found.lift_low <= found.lift + 1e-15
        assert found.lift - 1e-15 <= found.lift_high < np.inf


@settings(max_examples=100, deadline=None, derandomize=True)
@given(tables(least=1))
def test_comparison_when_arms_are_swapped_then_is_mirrored(table: Table) -> None:
    x_t, n_t, x_c, n_c = table

    there, back = compared(table), compared((x_c, n_c, x_t, n_t))

    assert there.p_value == back.p_value
    assert (there.difference_low, there.difference_high) == (-back.difference_high, -back.difference_low)
    assert 1 + there.lift_low == pytest.approx(1 / (1 + float(back.lift_high)), rel=1e-9)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(tables())
def test_difference_when_successes_and_failures_are_swapped_then_is_mirrored(table: Table) -> None:
    x_t, n_t, x_c, n_c = table

    successes, failures = compared(table), compared((n_t - x_t, n_t, n_c - x_c, n_c))

    assert successes.difference_low == pytest.approx(-float(failures.difference_high), rel=1e-9, abs=1e-14)
    assert successes.p_value == pytest.approx(float(failures.p_value), rel=1e-9)


@pytest.mark.parametrize("table", [(0, 50, 7, 60), (50, 50, 53, 60), (50, 50, 60, 60), (0, 50, 60, 60)])
def test_difference_when_an_arm_is_at_its_bound_then_agrees_with_brute_force(table: Table) -> None:
    found = compared(table)

    for end in (float(found.difference_low), float(found.difference_high)):
        if abs(end) < 1:
            assert chi_squared_of_difference(table, end) == pytest.approx(stats.chi2.isf(0.05, 1), rel=1e-7)


def test_lift_when_treatment_is_all_successes_then_statistic_at_its_ends_is_the_quantile() -> None:
    # By hand: with all 50 of 50 in the treatment, p_T is 1 where p_C may be 1 / ratio at most, and free below.
    found = compared((50, 50, 30, 60))

    for end in (float(found.lift_low), float(found.lift_high)):
        assert chi_squared_of_ratio(50, 50, 30, 60, 1 + end) == pytest.approx(stats.chi2.isf(0.05, 1), rel=1e-8)


def chi_squared_of_ratio(x_t: int, n_t: int, x_c: int, n_c: int, ratio: float) -> float:
    """Returns the squared score statistic of a ratio; the likelihood is maximised over a fine grid, then refined."""

    def loss(p: float) -> float:
        q = min(p * ratio, 1.0)
        with np.errstate(divide="ignore"):
            parts = ((x_t, q), (n_t - x_t, 1 - q), (x_c, p), (n_c - x_c, 1 - p))
            return -sum(count * float(np.log(share)) for count, share in parts if count)

    bound = min(1.0, 1 / ratio)
    p = optimize.minimize_scalar(loss, bounds=(1e-9, bound), method="bounded", options={"xatol": 1e-14}).x
    p = min((float(p), bound), key=loss)
    q = p * ratio
    variance = (q * (1 - q) / n_t + ratio**2 * p * (1 - p) / n_c) * (n_t + n_c) / (n_t + n_c - 1)
    return float((x_t / n_t - ratio * x_c / n_c) ** 2 / variance)


def test_comparison_when_no_arm_has_a_success_then_difference_is_bounded_and_lift_is_not() -> None:
    found = compared((0, 1_000, 0, 3_000))

    c = stats.chi2.isf(0.05, 1) * 4_000 / 3_999
    assert found.difference_high == pytest.approx(c / (1_000 + c), rel=1e-12)  # Wilson's end for 0 of n.
    assert found.difference_low == pytest.approx(-c / (3_000 + c), rel=1e-12)
    assert found.p_value == 1
    assert found.obstacle == Obstacle.NONE
    assert found.lift_obstacle == Obstacle.ZERO_CONTROL
    assert found.caution == Caution.FEW_EVENTS


def test_comparison_when_the_control_has_no_success_then_only_the_lift_is_missing() -> None:
    found = compared((30, 1_000, 0, 1_000))

    assert found.lift_obstacle == Obstacle.ZERO_CONTROL
    assert np.isnan([found.lift, found.lift_low, found.lift_high]).all()
    assert found.difference_low > 0
    assert found.p_value < 1e-6


def test_comparison_when_the_treatment_has_no_success_then_lift_reaches_down_to_minus_1() -> None:
    found = compared((0, 1_000, 30, 1_000))

    assert found.lift_low == found.lift == -1
    assert -1 < found.lift_high < -0.8


@pytest.mark.parametrize("alternative", Alternative)
def test_comparison_when_an_arm_is_empty_then_says_so(alternative: Alternative) -> None:
    found = compare_proportions(
        treatment_successes=[0, 3],
        treatment_count=[0, 9],
        control_successes=[3, 0],
        control_count=[9, 0],
        alternative=alternative,
    )

    assert (found.obstacle == Obstacle.NO_UNITS).all()
    assert (found.lift_obstacle == Obstacle.NO_UNITS).all()
    for name in ("difference", "difference_low", "difference_high", "lift", "lift_low", "lift_high", "p_value"):
        assert np.isnan(getattr(found, name)).all(), name


@pytest.mark.parametrize(
    ("successes", "count"), [(5, 4), (-1, 4), (1.5, 4), (float("nan"), 4), (1, 2.5), (1, float("inf"))]
)
def test_comparison_when_counts_are_impossible_then_refuses(successes: float, count: float) -> None:
    with pytest.raises(InvalidArgument, match="control_"):
        compare_proportions(treatment_successes=1, treatment_count=2, control_successes=successes, control_count=count)


def test_comparison_when_shapes_broadcast_then_equals_single_ones() -> None:
    successes, counts = np.array([[30, 41, 52], [3, 7, 1]]), np.array([[1_000, 900, 800], [100, 90, 80]])

    found = compare_proportions(
        treatment_successes=successes[:, 1:],
        treatment_count=counts[:, 1:],
        control_successes=successes[:, :1],
        control_count=counts[:, :1],
    )

    assert found.shape == found.control_unit_count.shape == (2, 2)
    for metric, arm in np.ndindex(2, 2):
        table = (successes[metric, arm + 1], counts[metric, arm + 1], successes[metric, 0], counts[metric, 0])
        single = compared(table)
        for name in ("difference_low", "difference_high", "lift_low", "lift_high", "p_value"):
            assert getattr(found, name)[metric, arm] == getattr(single, name)


def outcomes(count: int, share: float) -> tuple[NDArray[np.int64], Floats]:
    """Returns the numbers of successes that are possible but for 1e-12, and their probabilities."""
    successes = np.arange(int(stats.binom.ppf(1e-12, count, share)), int(stats.binom.isf(1e-12, count, share)) + 1)
    return successes, stats.binom.pmf(successes, count, share)


def enumerated(
    n_t: int, p_t: float, n_c: int, p_c: float, *, alternative: Alternative = Alternative.TWO_SIDED, wald: bool = False
) -> tuple[Comparison, Floats]:
    """Returns the comparisons of all outcomes with their probabilities."""
    (x_t, w_t), (x_c, w_c) = outcomes(n_t, p_t), outcomes(n_c, p_c)
    if wald:
        pair = proportions(x_t[:, None], n_t), proportions(x_c, n_c)
        return compare(*pair, alternative=alternative), w_t[:, None] * w_c
    found = compare_proportions(
        treatment_successes=x_t[:, None],
        treatment_count=n_t,
        control_successes=x_c,
        control_count=n_c,
        alternative=alternative,
    )
    return found, w_t[:, None] * w_c


def coverage(found: Comparison, weights: Floats, difference: float) -> float:
    holds = (found.difference_low <= difference) & (difference <= found.difference_high)
    return float(weights[holds].sum() / weights.sum())


def least_coverage(n_t: int, n_c: int) -> float:
    """Returns what an interval of 95 % has to cover: counts are few values, between which it has to jump.

    With 50 units at 1/2, the difference of two counts at the quantile, 10, has a probability of 2.2 %.
    """
    return 0.94 if min(n_t, n_c) < 100 else 0.948


# Units of both arms, control's proportion, ratio: small and large, extreme, unequal, null and alternative.
SETTINGS = [
    (n_t, n_c, share, ratio)
    for n_t, n_c in ((50, 50), (2_000, 2_000), (20_000, 2_000), (2_000, 20_000))
    for share in (0.001, 0.01, 0.2, 0.5)
    for ratio in (1.0, 1.5)
    if share * min(n_t, n_c) >= 2
]


@pytest.mark.parametrize(("n_t", "n_c", "share", "ratio"), SETTINGS)
def test_score_interval_when_all_outcomes_are_enumerated_then_covers_as_it_says(
    n_t: int, n_c: int, share: float, ratio: float
) -> None:
    found, weights = enumerated(n_t, share * ratio, n_c, share)

    assert least_coverage(n_t, n_c) <= coverage(found, weights, share * (ratio - 1)) <= 0.97


@pytest.mark.parametrize(("n_t", "n_c", "share", "ratio"), SETTINGS)
def test_score_lift_when_all_outcomes_are_enumerated_then_covers_as_it_says(
    n_t: int, n_c: int, share: float, ratio: float
) -> None:
    found, weights = enumerated(n_t, share * ratio, n_c, share)
    known = found.lift_obstacle == 0

    holds = (found.lift_low <= ratio - 1) & (ratio - 1 <= found.lift_high) & known
    assert least_coverage(n_t, n_c) <= weights[holds].sum() / weights[known].sum() <= 0.98


@pytest.mark.parametrize("share", [0.5, 0.999])
def test_score_test_when_there_is_no_effect_then_errs_as_often_as_it_says(share: float) -> None:
    found, weights = enumerated(10_000, share, 10_000, share)

    assert 0.045 <= weights[found.p_value < 0.05].sum() <= 0.053


@pytest.mark.parametrize("alternative", [Alternative.GREATER, Alternative.LESS])
def test_one_sided_test_when_arms_are_of_one_size_then_errs_as_often_as_it_says(alternative: Alternative) -> None:
    found, weights = enumerated(2_000, 0.01, 2_000, 0.01, alternative=alternative)

    assert 0.045 <= weights[found.p_value < 0.05].sum() <= 0.055


def test_wald_interval_when_events_are_few_then_fails_and_says_so() -> None:
    found, weights = enumerated(2_000, 0.001, 20_000, 0.001, wald=True)
    score, score_weights = enumerated(2_000, 0.001, 20_000, 0.001)

    assert coverage(found, weights, 0.0) < 0.87
    assert coverage(score, score_weights, 0.0) > 0.95
    assert weights[(found.caution & Caution.FEW_EVENTS) != 0].sum() > 0.999


def test_wald_interval_when_it_does_not_warn_then_covers_nearly_as_it_says() -> None:
    found, weights = enumerated(2_000, 0.06, 20_000, 0.06, wald=True)
    unwarned = (found.caution & Caution.FEW_EVENTS) == 0

    assert weights[unwarned].sum() > 0.95
    assert 0.945 <= coverage(found, weights, 0.0) <= 0.955


def test_score_interval_when_one_event_is_expected_in_two_thousand_units_then_covers_less_and_says_so() -> None:
    found, weights = enumerated(20_000, 0.00025, 2_000, 0.00025)

    assert 0.94 <= coverage(found, weights, 0.0) < 0.945
    assert weights[(found.caution & Caution.FEW_EVENTS) != 0].sum() > 0.9


def test_score_interval_when_events_are_fewer_than_ten_then_says_so() -> None:
    successes = np.arange(12)

    few = compare_proportions(
        treatment_successes=successes, treatment_count=1_000, control_successes=0, control_count=1_000
    )
    none_failed = compare_proportions(
        treatment_successes=1_000 - successes, treatment_count=1_000, control_successes=1_000, control_count=1_000
    )

    for found in (few, none_failed):
        assert ((found.caution & Caution.FEW_EVENTS) != 0).tolist() == (successes < 10).tolist()


def test_intervals_when_values_are_huge_then_are_precise_and_silent() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compared((10**12 // 2 + 10**7, 10**12, 10**12 // 2, 10**12))

    assert found.difference_high - found.difference_low == pytest.approx(
        2 * 1.959963984540054 * 0.5**0.5 * 1e-6, rel=1e-6
    )
