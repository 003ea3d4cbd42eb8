"""Tests many-to-one comparisons against scipy, a published example, each other, and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.fixed.dunnett import dunnett, dunnett_welch
from shared.statistics.fixed.multiplicity import Procedure, adjusted
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Caution, Obstacle
from tests.shared.statistics.estimates.rows import moments_of
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]
SIDES = {Alternative.TWO_SIDED: "two-sided", Alternative.GREATER: "greater", Alternative.LESS: "less"}
# Dunnett 1955: blood counts of animals, millions of cells per cubic millimetre; two drugs against none.
CONTROL = np.array([7.40, 8.50, 7.20, 8.24, 9.84, 8.32])
DRUGS = [np.array([9.76, 8.80, 7.68, 9.36]), np.array([12.80, 9.68, 12.16, 9.20, 10.55])]


def moments_of_values(*arms: Floats) -> Moments:
    return moments_of(*(arm[:, None] for arm in arms))


def test_dunnett_when_published_example_then_drug_b_alone_differs() -> None:
    found = dunnett(moments_of_values(CONTROL, *DRUGS))

    np.testing.assert_allclose(found.difference, [0.65, 2.63], atol=0.005)
    assert ((found.difference_low > 0) == [False, True]).all()


@pytest.mark.parametrize("alternative", Alternative)
def test_dunnett_when_published_data_then_equals_scipy_within_its_own_chance(alternative: Alternative) -> None:
    found = dunnett(moments_of_values(CONTROL, *DRUGS), alternative=alternative)

    oracle = stats.dunnett(*DRUGS, control=CONTROL, alternative=SIDES[alternative], rng=np.random.default_rng(1))
    interval = oracle.confidence_interval()
    np.testing.assert_allclose(found.p_value, oracle.pvalue, atol=3e-4)
    finite = np.isfinite(interval.low) & np.isfinite(interval.high) if alternative is Alternative.TWO_SIDED else True
    np.testing.assert_allclose(found.difference_low[finite], interval.low[finite], atol=5e-3)
    np.testing.assert_allclose(found.difference_high[finite], interval.high[finite], atol=5e-3)


@pytest.mark.parametrize("seed", range(4))
def test_dunnett_when_numbers_of_units_differ_then_equals_scipy_within_its_own_chance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    control, *arms = (rng.normal(0.2 * place, 1, size=size) for place, size in enumerate((40, 10, 25, 60, 15)))

    found = dunnett(moments_of_values(control, *arms)).p_value

    np.testing.assert_allclose(found, stats.dunnett(*arms, control=control, rng=rng).pvalue, atol=1e-3)


@pytest.mark.parametrize("alternative", Alternative)
def test_dunnett_when_there_is_one_treatment_then_is_students_t(alternative: Alternative) -> None:
    rng = np.random.default_rng(2)
    control, treatment = rng.normal(size=30), rng.normal(0.5, 1, size=20)

    found = dunnett(moments_of_values(control, treatment), alternative=alternative)

    expected = stats.ttest_ind(treatment, control, alternative=SIDES[alternative])
    interval = expected.confidence_interval()
    np.testing.assert_allclose(found.p_value, expected.pvalue, rtol=1e-9)
    np.testing.assert_allclose([found.difference_low[0], found.difference_high[0]], [interval.low, interval.high])


def test_dunnett_welch_when_there_is_one_treatment_then_is_welchs_t() -> None:
    arms = means(moments_of_values(CONTROL, *DRUGS))

    found = dunnett_welch(arms[1:2], arms[:1])

    expected = compare(arms[1:2], arms[:1])
    np.testing.assert_allclose(found.p_value, expected.p_value, rtol=1e-9)
    np.testing.assert_allclose(found.lift_low, expected.lift_low, rtol=1e-9)


def drawn(seed: int, *, treatment_count: int = 3) -> Moments:
    rng = np.random.default_rng(seed)
    count = rng.integers(3, 40, size=treatment_count + 1)
    spread = rng.uniform(1, 3, size=count.size) * count
    return Moments.of_values(count, rng.normal(10, 0.8, size=count.size), spread)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), alternative=st.sampled_from(Alternative), welch=st.booleans())
def test_both_when_any_data_then_interval_leaves_out_zero_exactly_where_p_value_is_below_alpha(
    seed: int, alternative: Alternative, *, welch: bool
) -> None:
    moments = drawn(seed)
    arms = means(moments)

    found = (
        dunnett_welch(arms[1:], arms[:1], alternative=alternative)
        if welch
        else dunnett(moments, alternative=alternative)
    )

    out = (found.difference_low > 0) | (found.difference_high < 0)
    np.testing.assert_array_equal(out, found.p_value < 0.05)
    lift_out = (found.lift_low > 0) | (found.lift_high < 0)
    fine = found.lift_obstacle == 0
    np.testing.assert_array_equal(lift_out[fine], out[fine])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), factor=st.floats(1e-3, 1e3))
def test_dunnett_when_treatments_swap_and_unit_changes_then_p_values_swap(seed: int, factor: float) -> None:
    moments = drawn(seed)
    swapped = Moments(moments.count[::-1], moments.mean[::-1] * factor, moments.products[::-1] * factor**2)

    found = dunnett(swapped, control=3).p_value

    np.testing.assert_allclose(found[::-1], dunnett(moments).p_value, rtol=1e-6, atol=1e-12)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_dunnett_when_compared_with_bonferroni_then_never_stricter_and_never_laxer_than_no_adjustment(
    seed: int,
) -> None:
    arms = means(drawn(seed))

    found = dunnett_welch(arms[1:], arms[:1]).p_value

    alone = compare(arms[1:], arms[:1]).p_value
    assert (alone <= found).all()
    assert (found <= adjusted(alone, Procedure.BONFERRONI)).all()


def test_dunnett_when_effect_is_far_out_then_p_value_keeps_its_size() -> None:
    moments = Moments.of_values([500, 500, 500], [10.0, 13.0, 12.0], [499.0, 499.0, 499.0])

    found = dunnett(moments).p_value

    alone = 2 * stats.t.sf(3 / np.sqrt(2 / 500), 1497)
    assert 0 < alone <= found[0] <= 2 * alone < 1e-100


def test_dunnett_when_metrics_are_stacked_then_each_is_as_alone() -> None:
    metrics = [drawn(seed) for seed in (1, 2)]
    stacked = Moments(
        *(np.stack([getattr(metric, name) for metric in metrics]) for name in ("count", "mean", "products"))
    )

    found = dunnett(stacked).p_value

    np.testing.assert_array_equal(found, [dunnett(metric).p_value for metric in metrics])


def test_dunnett_when_an_arm_is_empty_then_family_is_of_the_others() -> None:
    moments = Moments.of_values([30, 30, 0, 30], [1.0, 2.0, 0.0, 1.5], [30.0, 30.0, 0.0, 30.0])

    found = dunnett(moments)

    others = dunnett(Moments.of_values([30, 30, 30], [1.0, 2.0, 1.5], [30.0, 30.0, 30.0]))
    assert found.obstacle.tolist() == [Obstacle.NONE, Obstacle.NO_UNITS, Obstacle.NONE]
    np.testing.assert_allclose(found.p_value[[0, 2]], others.p_value, rtol=1e-12)
    assert np.isnan(found.p_value[1])


def test_dunnett_when_nothing_varies_then_zero_variance() -> None:
    found = dunnett(Moments.of_values([9, 9, 9], [1.0, 2.0, 3.0], [0.0, 0.0, 0.0]))

    assert (found.obstacle == Obstacle.ZERO_VARIANCE).all()


def test_dunnett_when_arguments_do_not_fit_then_invalid() -> None:
    moments = drawn(1)
    arms = means(moments)

    with pytest.raises(InvalidArgument):
        dunnett(moments, control=4)
    with pytest.raises(InvalidArgument):
        dunnett(moments[:1])
    with pytest.raises(InvalidArgument):
        dunnett(moments, alpha=0.7)
    with pytest.raises(InvalidArgument):
        dunnett_welch(arms[1:], arms[:2])


def simulated(seed: int, counts: list[int], deviations: list[float], *, repetitions: int, step: float = 0.0) -> Moments:
    """Returns normal arms, the first of mean 10, the others 10 + step."""
    rng = np.random.default_rng(seed)
    count, deviation = np.array(counts), np.array(deviations)
    centre = np.where(np.arange(count.size) == 0, 10, 10 + step)
    mean = centre + rng.normal(size=(repetitions, count.size)) * deviation / np.sqrt(count)
    spread = rng.chisquare(count - 1, size=mean.shape) * deviation**2
    return Moments.of_values(np.broadcast_to(count, mean.shape), mean, spread)


def any_beyond(moments: Moments) -> Rate:
    """Returns how often Dunnett's test of no effect rejects; its bound is that of the first repetition, and of all."""
    count, arms = moments.count, moments.count.shape[-1]
    freedom = count[0].sum() - arms
    variance = moments.products[..., 0, 0].sum(-1, keepdims=True) / freedom * (1 / count[:, 1:] + 1 / count[:, :1])
    statistic = (moments.mean[:, 1:, 0] - moments.mean[:, :1, 0]) / np.sqrt(variance)
    found = dunnett(moments[:1])
    bound = (found.difference_high - found.difference) / found.standard_error
    np.testing.assert_allclose(found.difference / found.standard_error, statistic[:1], rtol=1e-9)
    return Rate(int((np.abs(statistic) > bound).any(1).sum()), len(statistic))


@pytest.mark.parametrize("counts", [[10, 10, 10, 10], [30, 5, 10, 20]])
def test_dunnett_when_variances_are_equal_then_any_miss_is_as_frequent_as_alpha(counts: list[int]) -> None:
    moments = simulated(60, counts, [1.0] * 4, repetitions=40_000)

    assert any_beyond(moments).agrees_with(0.05)


def test_dunnett_when_variances_differ_then_misses_too_often() -> None:
    moments = simulated(61, [40, 20, 20, 20], [1.0, 3.0, 1.0, 1.0], repetitions=40_000)

    assert not any_beyond(moments).is_at_most(0.06)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("counts", "deviations"),
    [
        ([30, 30, 30], [1.0, 1.0, 1.0]),
        ([40, 20, 20, 20], [1.0, 3.0, 1.0, 2.0]),
        ([20, 40, 40, 40], [3.0, 1.0, 1.0, 1.0]),
    ],
)
def test_dunnett_welch_when_variances_differ_then_any_miss_is_as_frequent_as_alpha(
    counts: list[int], deviations: list[float]
) -> None:
    arms = means(simulated(62, counts, deviations, repetitions=2000, step=1.0))

    found = dunnett_welch(arms[:, 1:], arms[:, :1])

    for low, high, truth in (
        (found.difference_low, found.difference_high, 1.0),
        (found.lift_low, found.lift_high, 0.1),
    ):
        assert Rate(int(((low > truth) | (high < truth)).any(1).sum()), 2000).agrees_with(0.05)


def test_dunnett_welch_when_units_are_few_then_flagged() -> None:
    arms = means(moments_of_values(CONTROL, *DRUGS))

    found = dunnett_welch(arms[1:], arms[:1])

    assert ((found.caution & Caution.FEW_UNITS) != 0).all()
    assert found.report(0).caution & Caution.FEW_UNITS
