"""Tests rates of Poisson events against statsmodels and scipy, and by enumeration of all outcomes."""

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.rates import test_poisson_2indep

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.ratios import ratios
from shared.statistics.fixed.difference import compare
from shared.statistics.fixed.exact_rates import compare_rates_exactly
from shared.statistics.fixed.rates import compare_rates
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Caution, Obstacle
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]
Table = tuple[int, float, int, float]
Method = Callable[..., Comparison]
WORDS = {Alternative.TWO_SIDED: "two-sided", Alternative.GREATER: "larger", Alternative.LESS: "smaller"}
SCIPY_WORDS = {Alternative.GREATER: "greater", Alternative.LESS: "less"}
METHODS: list[Method] = [compare_rates, compare_rates_exactly]
statsmodels_test = test_poisson_2indep
statsmodels_test.__test__ = False  # Lest pytest collects it.

arms = st.tuples(st.integers(0, 60), st.floats(0.1, 100))
both_methods = pytest.mark.parametrize("method", METHODS)


def compared(
    method: Method, table: Table, *, alpha: float = 0.05, alternative: Alternative = Alternative.TWO_SIDED
) -> Comparison:
    x_t, t_t, x_c, t_c = table
    return method(
        treatment_events=x_t,
        treatment_exposure=t_t,
        control_events=x_c,
        control_exposure=t_c,
        alpha=alpha,
        alternative=alternative,
    )


def random_tables(seed: int, size: int) -> Iterator[Table]:
    rng = np.random.default_rng(seed)
    for _ in range(size):
        mean = 10 ** rng.uniform(0, 4)
        t_t, t_c = 10 ** rng.uniform(-1, 5, 2)
        x_t, x_c = 1 + rng.poisson(mean, 2)
        yield int(x_t), float(t_t), int(x_c), float(t_c * t_t / t_c * rng.uniform(0.5, 2))


def test_score_when_at_its_ends_then_statsmodels_p_value_is_alpha() -> None:
    for table in random_tables(1, 200):
        found = compared(compare_rates, table, alpha=0.02)

        for compare_by, ends in (
            ("diff", (found.difference_low, found.difference_high)),
            ("ratio", (1 + found.lift_low, 1 + found.lift_high)),
        ):
            for end in ends:
                at_end = statsmodels_test(*table, value=float(end), method="score", compare=compare_by)
                assert at_end.pvalue == pytest.approx(0.02, rel=1e-9)


@pytest.mark.parametrize("alternative", Alternative)
def test_score_when_tables_are_random_then_p_value_equals_statsmodels(alternative: Alternative) -> None:
    for table in random_tables(2, 200):
        found = compared(compare_rates, table, alternative=alternative)

        expected = statsmodels_test(*table, method="score", compare="ratio", alternative=WORDS[alternative])
        assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("alternative", [Alternative.GREATER, Alternative.LESS])
def test_exact_when_one_sided_then_equals_scipy_binomtest(alternative: Alternative) -> None:
    for x_t, t_t, x_c, t_c in random_tables(3, 200):
        found = compared(compare_rates_exactly, (x_t, t_t, x_c, t_c), alternative=alternative)

        expected = stats.binomtest(x_t, x_t + x_c, t_t / (t_t + t_c), alternative=SCIPY_WORDS[alternative])
        assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)


def test_exact_when_two_sided_then_is_twice_the_smaller_tail_and_clopper_pearson() -> None:
    for x_t, t_t, x_c, t_c in random_tables(4, 200):
        found = compared(compare_rates_exactly, (x_t, t_t, x_c, t_c))

        tails = [
            stats.binomtest(x_t, x_t + x_c, t_t / (t_t + t_c), alternative=word).pvalue for word in ("greater", "less")
        ]
        share = stats.binomtest(x_t, x_t + x_c).proportion_ci(0.95, "exact")
        assert found.p_value == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-9)
        assert 1 + found.lift_low == pytest.approx(share.low / (1 - share.low) * t_c / t_t, rel=1e-8)
        assert 1 + found.lift_high == pytest.approx(share.high / (1 - share.high) * t_c / t_t, rel=1e-8)


@both_methods
@settings(max_examples=150, deadline=None, derandomize=True)
@given(first=arms, second=arms, alpha=st.floats(0.001, 0.49), alternative=st.sampled_from(Alternative))
def test_verdicts_when_there_are_several_then_agree(
    method: Method, first: tuple[int, float], second: tuple[int, float], alpha: float, alternative: Alternative
) -> None:
    found = compared(method, (*first, *second), alpha=alpha, alternative=alternative)

    significant = bool(found.p_value < alpha)
    assert bool((found.difference_low > 0) | (found.difference_high < 0)) == significant
    if found.lift_obstacle == 0:
        assert bool((found.lift_low > 0) | (found.lift_high < 0)) == significant


@both_methods
@settings(max_examples=100, deadline=None, derandomize=True)
@given(first=arms, second=arms)
def test_comparison_when_arms_are_swapped_then_is_mirrored(
    method: Method, first: tuple[int, float], second: tuple[int, float]
) -> None:
    there, back = compared(method, (*first, *second)), compared(method, (*second, *first))

    assert there.p_value == pytest.approx(float(back.p_value), rel=1e-12)
    assert there.difference_low == pytest.approx(-float(back.difference_high), rel=1e-12)


@both_methods
@settings(max_examples=100, deadline=None, derandomize=True)
@given(first=arms, second=arms, scale=st.floats(0.001, 1_000))
def test_comparison_when_exposure_has_another_unit_then_only_the_difference_changes(
    method: Method, first: tuple[int, float], second: tuple[int, float], scale: float
) -> None:
    (x_t, t_t), (x_c, t_c) = first, second
    plain = compared(method, (x_t, t_t, x_c, t_c))

    scaled = compared(method, (x_t, t_t * scale, x_c, t_c * scale))

    assert scaled.p_value == pytest.approx(float(plain.p_value), rel=1e-9)
    assert scaled.difference_high * scale == pytest.approx(float(plain.difference_high), rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(scaled.lift_high, plain.lift_high, rtol=1e-9, atol=1e-12)


@both_methods
def test_comparison_when_no_arm_has_an_event_then_difference_is_bounded_and_lift_is_not(method: Method) -> None:
    found = compared(method, (0, 10.0, 0, 40.0))

    assert found.p_value == 1
    assert found.difference_low < 0 < found.difference_high
    assert found.obstacle == Obstacle.NONE
    assert found.lift_obstacle == Obstacle.ZERO_CONTROL
    assert np.isnan([found.lift, found.lift_low, found.lift_high]).all()


def test_exact_difference_when_no_arm_has_an_event_then_is_garwood_s() -> None:
    found = compared(compare_rates_exactly, (0, 10.0, 0, 40.0))

    most = -np.log(0.025)  # Garwood's upper end for no event.
    assert found.difference_high == pytest.approx(most / 10)
    assert found.difference_low == pytest.approx(-most / 40)


@both_methods
def test_comparison_when_treatment_has_no_event_then_lift_reaches_down_to_minus_1(method: Method) -> None:
    found = compared(method, (0, 10.0, 30, 10.0))

    assert found.lift_low == found.lift == -1
    assert -1 < found.lift_high < -0.8


@both_methods
def test_comparison_when_an_arm_has_no_exposure_then_says_so(method: Method) -> None:
    found = compared(method, (0, 0.0, 3, 10.0))

    assert found.obstacle == found.lift_obstacle == Obstacle.NO_UNITS
    for name in ("difference", "difference_low", "difference_high", "lift", "lift_low", "lift_high", "p_value"):
        assert np.isnan(getattr(found, name)), name


@both_methods
@pytest.mark.parametrize(
    ("events", "exposure"), [(1.5, 1.0), (-1, 1.0), (1, 0.0), (1, -1.0), (1, float("inf")), (float("nan"), 1.0)]
)
def test_comparison_when_counts_are_impossible_then_refuses(method: Method, events: float, exposure: float) -> None:
    with pytest.raises(InvalidArgument, match="control_"):
        method(treatment_events=1, treatment_exposure=1, control_events=events, control_exposure=exposure)


@both_methods
def test_comparison_when_events_are_many_then_is_silent_and_agrees_with_the_normal(method: Method) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compared(method, (10**8 + 10**5, 1e6, 10**8, 1e6))

    assert found.difference_low == pytest.approx(0.1 - 1.959963985 * (2e8 + 1e5) ** 0.5 / 1e6, rel=2e-2)


def enumerated(
    method: Method, exposures: tuple[float, float], rates: tuple[float, float], alternative: Alternative
) -> tuple[Comparison, Floats]:
    """Returns the comparisons of all outcomes but for 1e-12, with their probabilities."""
    counts, weights = [], []
    for exposure, rate in zip(exposures, rates, strict=True):
        mean = exposure * rate
        count = np.arange(int(stats.poisson.ppf(1e-12, mean)), int(stats.poisson.isf(1e-12, mean)) + 1)
        counts.append(count)
        weights.append(stats.poisson.pmf(count, mean))
    found = method(
        treatment_events=counts[0][:, None],
        treatment_exposure=exposures[0],
        control_events=counts[1],
        control_exposure=exposures[1],
        alternative=alternative,
    )
    return found, weights[0][:, None] * weights[1]


SETTINGS = [
    ((10.0, scale), (share * ratio, share))
    for scale in (2.0, 10.0, 100.0)
    for share in (0.5, 1.5, 5.0, 50.0)
    for ratio in (0.5, 1.0, 2.0)
    if share * min(10.0, scale) * min(ratio, 1) >= 5
]


@pytest.mark.parametrize(("exposures", "rates"), SETTINGS)
def test_score_when_all_outcomes_are_enumerated_then_covers_as_it_says(
    exposures: tuple[float, float], rates: tuple[float, float]
) -> None:
    found, weights = enumerated(compare_rates, exposures, rates, Alternative.TWO_SIDED)
    difference, lift, known = rates[0] - rates[1], rates[0] / rates[1] - 1, found.lift_obstacle == 0

    covered = (found.difference_low <= difference) & (difference <= found.difference_high)
    lift_covered = known & (found.lift_low <= lift) & (lift <= found.lift_high)
    # Exact, no simulation: what is left is the jump from one count to the next.
    assert 0.947 <= weights[covered].sum() <= 0.965
    assert 0.947 <= weights[lift_covered].sum() / weights[known].sum() <= 0.975


SMALL_SETTINGS = [
    ((10.0, scale), (share * ratio, share))
    for scale in (1.0, 10.0, 100.0)
    for share in (0.02, 0.1, 0.5, 2.0, 8.0)
    for ratio in (0.2, 1.0, 3.0)
]


@pytest.mark.parametrize("alternative", Alternative)
@pytest.mark.parametrize(("exposures", "rates"), SMALL_SETTINGS)
def test_exact_when_all_outcomes_are_enumerated_then_covers_at_least_as_it_says(
    exposures: tuple[float, float], rates: tuple[float, float], alternative: Alternative
) -> None:
    found, weights = enumerated(compare_rates_exactly, exposures, rates, alternative)
    difference, lift, known = rates[0] - rates[1], rates[0] / rates[1] - 1, found.lift_obstacle == 0

    difference_missed = (difference < found.difference_low) | (found.difference_high < difference)
    lift_missed = known & ((lift < found.lift_low) | (found.lift_high < lift))
    assert weights[difference_missed].sum() <= 0.05
    assert weights[lift_missed].sum() <= 0.05


def test_score_when_events_are_fewer_than_ten_then_says_so() -> None:
    found = compare_rates(treatment_events=np.arange(12), treatment_exposure=9, control_events=0, control_exposure=9)

    assert ((found.caution & Caution.FEW_EVENTS) != 0).tolist() == [True] * 10 + [False] * 2


def test_poisson_when_events_come_together_then_fails_where_ratios_hold() -> None:
    rng = np.random.default_rng(7)
    repetitions, units = 4_000, 500
    # Negative binomial events by unit: mean 2, variance 6; exposure differs by unit.
    exposure = rng.uniform(0.5, 1.5, (repetitions, 2, units))
    events = rng.poisson(rng.gamma(1, 2, exposure.shape) * exposure).astype(np.float64)
    rows = np.stack([events, exposure], -1)
    mean = rows.mean(2)
    away = rows - mean[:, :, None]
    moments = Moments(np.full((repetitions, 2), float(units)), mean, np.einsum("raui,rauj->raij", away, away))

    robust = compare(ratios(moments[:, 0]), ratios(moments[:, 1]))
    poisson = compare_rates(
        treatment_events=events[:, 0].sum(-1),
        treatment_exposure=exposure[:, 0].sum(-1),
        control_events=events[:, 1].sum(-1),
        control_exposure=exposure[:, 1].sum(-1),
    )

    assert Rate(int((robust.p_value < 0.05).sum()), repetitions).agrees_with(0.05)
    assert Rate(int((poisson.p_value < 0.05).sum()), repetitions).is_at_least(0.2)
