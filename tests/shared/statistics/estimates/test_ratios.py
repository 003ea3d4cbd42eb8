"""Tests ratios against tea-tasting and gbstats, and simulates where denominators are too near to 0."""

import numpy as np
import pytest
import tea_tasting as tt
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tea_tasting.aggr import Aggregates

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.estimates.ratios import ratios
from shared.statistics.fixed.difference import compare
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable
from tests.shared.statistics.estimates.rows import moments_of
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]
AGREEMENT = 1e-9
WORDS = {Alternative.TWO_SIDED: "two-sided", Alternative.GREATER: "greater", Alternative.LESS: "less"}


def clicks_by_views(seed: int, units: int) -> Floats:
    rng = np.random.default_rng(seed)
    views = rng.poisson(rng.gamma(2, 3, units)) + 1.0
    return np.column_stack([rng.binomial(views.astype(int), rng.beta(2, 8, units)), views])


def aggregates(rows: Floats) -> Aggregates:
    covariance = np.cov(rows.T)
    return Aggregates(
        len(rows),
        {"n": rows[:, 0].mean(), "d": rows[:, 1].mean()},
        {"n": covariance[0, 0], "d": covariance[1, 1]},
        {("n", "d"): covariance[0, 1]},
    )


@pytest.mark.parametrize("alternative", Alternative)
@pytest.mark.parametrize("seed", range(10))
def test_ratios_when_compared_then_equal_tea_tasting(seed: int, alternative: Alternative) -> None:
    treatment, control = clicks_by_views(seed, 150 + seed), clicks_by_views(seed + 100, 400)
    metric = tt.RatioOfMeans("n", "d", alternative=WORDS[alternative], confidence_level=0.9)

    found = compare(ratios(moments_of(treatment)), ratios(moments_of(control)), alpha=0.1, alternative=alternative)

    expected = metric.analyze_aggregates(aggregates(control), aggregates(treatment))
    assert found.treatment[0] == pytest.approx(expected.treatment, rel=AGREEMENT)
    assert found.difference[0] == pytest.approx(expected.effect_size, rel=AGREEMENT)
    assert found.difference_low[0] == pytest.approx(expected.effect_size_ci_lower, rel=AGREEMENT)
    assert found.difference_high[0] == pytest.approx(expected.effect_size_ci_upper, rel=AGREEMENT)
    assert found.p_value[0] == pytest.approx(expected.pvalue, rel=AGREEMENT)


def moments_of_sums(count: int, sums: tuple[float, float], squares: tuple[float, float], product: float) -> Moments:
    n, d = sums
    off = product - n * d / count
    return Moments.of(
        count, [n / count, d / count], [[squares[0] - n * n / count, off], [off, squares[1] - d * d / count]]
    )


def test_ratios_when_frozen_then_equal_gbstats() -> None:
    # gbstats at 8f1db44, RatioStatistic and TwoSidedTTest, difference_type="absolute".
    control = ratios(moments_of_sums(4_000, (8_100, 12_050), (31_000, 52_000), 28_000))
    treatment = ratios(moments_of_sums(3_900, (8_230, 11_700), (31_900, 50_500), 28_100))

    found = compare(treatment, control)

    assert found.control == pytest.approx(0.6721991701244814, rel=AGREEMENT)
    assert control.variance == pytest.approx(0.00011609545617383976, rel=AGREEMENT)
    assert found.difference == pytest.approx(0.03121963329432209, rel=AGREEMENT)
    assert found.difference_low == pytest.approx(0.0006677930190424342, rel=AGREEMENT)
    assert found.difference_high == pytest.approx(0.06177147356960175, rel=AGREEMENT)
    assert found.p_value == pytest.approx(0.04519945813507209, rel=AGREEMENT)


def test_ratios_when_denominator_is_constant_then_are_means() -> None:
    values = np.random.default_rng(1).gamma(2, size=(60, 1))

    found = ratios(moments_of(np.column_stack([values, np.full(60, 4.0)])))

    mean = means(moments_of(values / 4))
    np.testing.assert_allclose(found.value, mean.value, rtol=1e-12)
    np.testing.assert_allclose(found.variance, mean.variance, rtol=1e-12)
    assert found.degrees_of_freedom == mean.degrees_of_freedom
    assert found.caution == mean.caution


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_ratios_when_units_change_then_scale(above: float, below: float) -> None:
    rows = clicks_by_views(3, 80)

    plain, scaled = ratios(moments_of(rows)), ratios(moments_of(rows * [above, below]))

    np.testing.assert_allclose(scaled.value, plain.value * above / below, rtol=1e-9)
    np.testing.assert_allclose(scaled.variance, plain.variance * (above / below) ** 2, rtol=1e-9)


def test_ratios_when_signs_of_both_are_changed_then_stay() -> None:
    rows = clicks_by_views(3, 80)

    plain, turned = ratios(moments_of(rows)), ratios(moments_of(-rows))

    assert plain.value == turned.value
    assert plain.variance == turned.variance


@pytest.mark.parametrize(
    ("count", "denominator", "obstacle"),
    [
        (0, [0.0, 0.0], Obstacle.NO_UNITS),
        (1, [5.0, 0.0], Obstacle.TOO_FEW_UNITS),
        (100, [0.0, 0.0], Obstacle.ZERO_DENOMINATOR),
        (100, [0.0, 99.0], Obstacle.ZERO_DENOMINATOR),
        (100, [0.29, 99.0], Obstacle.ZERO_DENOMINATOR),
        (100, [0.31, 99.0], Obstacle.NONE),
        (100, [-0.31, 99.0], Obstacle.NONE),
    ],
)
def test_ratios_when_denominator_cannot_be_told_from_zero_then_say_why(
    count: int, denominator: list[float], obstacle: Obstacle
) -> None:
    mean, squares = denominator
    found = ratios(Moments.of(count, [2.0 * (count > 0), mean], [[50.0 * (count > 1), 0], [0, squares]]))

    assert found.obstacle == obstacle
    assert np.isnan(found.value) == (obstacle in {Obstacle.NO_UNITS, Obstacle.ZERO_DENOMINATOR})


def test_ratios_when_numerator_is_proportional_then_have_no_variance() -> None:
    views = np.random.default_rng(1).poisson(5, 50) + 1.0

    found = ratios(moments_of(np.column_stack([views * 0.3, views])))

    assert found.obstacle == Obstacle.ZERO_VARIANCE


def test_report_when_denominator_is_zero_then_says_so() -> None:
    zero = ratios(Moments.of([100.0], [[2.0, 0.0]], [[[9.0, 0.0], [0.0, 0.0]]]))

    report = compare(zero, ratios(moments_of(clicks_by_views(1, 90)))).report(0)

    assert report.treatment == report.lift == NotEstimable(Obstacle.ZERO_DENOMINATOR)


def test_ratios_when_there_is_one_variable_then_refuse() -> None:
    with pytest.raises(InvalidArgument, match="moments"):
        ratios(Moments.of_values(9, 1, 1))


def revenue_by_order(rng: np.random.Generator, repetitions: int, units: int, share: float) -> Moments:
    """Returns moments of (revenue, orders) where few units order, once, drawn by order and not by unit."""
    orders = rng.binomial(units, share, repetitions)
    revenue = rng.gamma(4, size=(repetitions, orders.max())) * (np.arange(orders.max()) < orders[:, None])
    total, squares = revenue.sum(1), (revenue**2).sum(1)
    off = total - total * orders / units
    products = np.stack([squares - total**2 / units, off, off, orders - orders**2 / units], -1)
    mean = np.stack([total, orders], -1) / units
    return Moments(np.full(repetitions, float(units)), mean, products.reshape(-1, 2, 2))


def simulated(seed: int, orders: tuple[int, int]) -> tuple[Rate, Rate, Rate]:
    """Returns how often what is estimable is covered, how often it is estimable, and how often it is flagged."""
    rng = np.random.default_rng(seed)
    treatment, control = (ratios(revenue_by_order(rng, 20_000, 20 * count, 0.05)) for count in orders)
    found = compare(treatment, control)
    known = found.obstacle == 0
    covered = (found.difference_low <= 0) & (found.difference_high >= 0)
    flagged = (found.caution & Caution.FEW_UNITS) != 0
    return tuple(Rate(int(hits.sum()), hits.size) for hits in (covered[known], known, flagged))  # type: ignore[return-value]


@pytest.mark.parametrize("orders", [(150, 150), (400, 400), (200, 2_000)])
def test_ratios_when_denominators_are_precise_then_cover_as_they_say(orders: tuple[int, int]) -> None:
    covered, known, flagged = simulated(1, orders)

    assert covered.agrees_with(0.95)
    assert known.hits == known.repetitions
    assert flagged.is_at_most(0.01)


def test_ratios_when_denominators_are_not_precise_then_fail_and_say_so() -> None:
    covered, known, flagged = simulated(2, (15, 15))

    assert not covered.is_at_least(0.945)
    assert not known.is_at_least(0.95)
    assert flagged.hits == flagged.repetitions
