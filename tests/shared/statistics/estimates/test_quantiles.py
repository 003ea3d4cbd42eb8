"""Tests quantiles against their definition and gbstats, and simulates shapes, ties, valleys and clusters."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.clusters import cluster_means
from shared.statistics.estimates.quantiles import (
    OrderStatistics,
    around,
    order_statistics,
    quantiles,
    rank_interval,
    share_error,
)
from shared.statistics.fixed.difference import compare
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.obstacles import Caution, Obstacle
from tests.shared.statistics.estimates.rows import moments_of
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Floats]


def known(value: float, low: float, high: float, *, count: float = 1_000, freedom: float = np.inf) -> OrderStatistics:
    return OrderStatistics(*(np.array(number, dtype=np.float64) for number in (value, low, high, count, freedom)))


def test_quantiles_when_bounds_are_given_then_equal_gbstats() -> None:
    # gbstats at 8f1db44, QuantileStatistic(n=1000, nu=.9, 7.1, 6.65, 7.72).variance / n; it has a factor (n - 1) / n.
    found = quantiles(known(7.1, 6.65, 7.72))

    assert found.value == 7.1
    assert found.variance * 999 / 1_000 == pytest.approx(0.07443494472975568, rel=1e-9)


def test_share_when_clustered_then_equals_gbstats() -> None:
    # gbstats at 8f1db44, QuantileClusteredStatistic: main 900 and 8900, denominator 1000 and 10800, product 9750, 100
    # clusters. Its variance over that of independent units, 0.07443494472975568, is that of the share.
    sums, clusters = np.array([900.0, 1_000.0]), 100
    products = np.array([[8_900.0, 9_750.0], [9_750.0, 10_800.0]]) - np.outer(sums, sums) / clusters
    effective = 1_000**2 / 10_800

    found = cluster_means(Moments.of(clusters, sums / clusters, products))

    by_cluster_count = found.variance * (effective - 1) / effective * clusters / (clusters - 1)
    expected = 0.9 * 0.1 / 1_000 * 0.08187008511241371 / 0.07443494472975568
    assert by_cluster_count == pytest.approx(expected, rel=1e-9)


def test_order_statistics_when_values_are_ranks_then_are_hazen_s() -> None:
    values = np.arange(1.0, 101.0)

    found = order_statistics(values, 0.4)

    reach = 1.959963984540054 * (0.4 * 0.6 / 100) ** 0.5
    assert found.value == pytest.approx(40.5)  # n p + 1 / 2
    assert found.low == pytest.approx(100 * (0.4 - reach) + 0.5)
    assert found.high == pytest.approx(100 * (0.4 + reach) + 0.5)
    assert found.value == np.quantile(values, 0.4, method="hazen")


def test_order_statistics_when_samples_are_many_then_each_is_its_own() -> None:
    values = np.sort(np.random.default_rng(1).gamma(2, size=(3, 2, 50)), -1)

    found = order_statistics(values, [0.5, 0.75])

    assert found.value.shape == (3, 2)
    for place in np.ndindex(3, 2):
        assert found.high[place] == order_statistics(values[place], [0.5, 0.75][place[1]]).high


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.floats(0.001, 1_000), st.floats(-100, 100), st.floats(0.2, 0.8))
def test_quantiles_when_unit_and_origin_change_then_follow(scale: float, shift: float, probability: float) -> None:
    values = np.sort(np.random.default_rng(2).normal(size=200))

    plain = quantiles(order_statistics(values, probability))
    moved = quantiles(order_statistics(values * scale + shift, probability))

    assert moved.value == pytest.approx(plain.value * scale + shift, rel=1e-9, abs=1e-9)
    assert moved.variance == pytest.approx(plain.variance * scale**2, rel=1e-6)


def test_quantiles_when_sign_changes_then_are_mirrored() -> None:
    values = np.sort(np.random.default_rng(2).gamma(1, size=200))

    plain = quantiles(order_statistics(values, 0.9))
    mirrored = quantiles(order_statistics(-values[::-1], 0.1))

    assert mirrored.value == pytest.approx(-float(plain.value))
    assert mirrored.variance == pytest.approx(float(plain.variance))


@pytest.mark.parametrize(("count", "obstacle"), [(34, Obstacle.TOO_FEW_UNITS), (35, Obstacle.NONE)])
@pytest.mark.parametrize("probability", [0.1, 0.9])
def test_quantiles_when_units_are_too_few_for_the_bounds_then_say_so(
    count: int, obstacle: Obstacle, probability: float
) -> None:
    # 0.9 + 1.96 sqrt(0.09 / n) is below 1 from n = 34.6 on.
    assert quantiles(order_statistics(np.arange(float(count)), probability)).obstacle == obstacle


def test_quantiles_when_there_are_no_units_then_say_so() -> None:
    assert quantiles(known(np.nan, np.nan, np.nan, count=0)).obstacle == Obstacle.NO_UNITS


@pytest.mark.parametrize(
    ("low", "value", "high", "caution"),
    [
        (1, 2, 3, Caution.NONE),
        (2, 2, 3, Caution.TIES | Caution.UNEVEN_DENSITY),
        (1, 2, 2, Caution.TIES | Caution.UNEVEN_DENSITY),
        (1, 2, 4, Caution.NONE),
        (1, 2, 4.1, Caution.UNEVEN_DENSITY),
        (1, 3.1, 4, Caution.UNEVEN_DENSITY),
    ],
)
def test_quantiles_when_bounds_are_not_even_then_say_so(
    low: float, value: float, high: float, caution: Caution
) -> None:
    assert quantiles(known(value, low, high)).caution == caution


def test_quantiles_when_all_values_around_are_tied_then_have_no_variance() -> None:
    found = quantiles(order_statistics(np.repeat([0.0, 5.0], [80, 20]), 0.5))

    assert found.obstacle == Obstacle.ZERO_VARIANCE
    assert found.caution == Caution.TIES


@pytest.mark.parametrize(("clusters", "caution"), [(39, Caution.FEW_CLUSTERS), (40, Caution.NONE)])
def test_quantiles_when_clusters_are_few_then_say_so(clusters: int, caution: Caution) -> None:
    assert quantiles(known(2, 1, 3, freedom=clusters - 1)).caution == caution


def test_bounds_when_asked_of_a_sketch_then_are_those_of_the_sorted_values() -> None:
    values = np.sort(np.random.default_rng(3).gamma(2, size=5_000))

    low, high = around(0.9, share_error(0.9, 5_000))

    found = order_statistics(values, 0.9)
    assert found.low == pytest.approx(np.quantile(values, low, method="hazen"), rel=1e-12)
    assert found.high == pytest.approx(np.quantile(values, high, method="hazen"), rel=1e-12)


@pytest.mark.parametrize("values", [[2.0, 1.0], [1.0, np.nan], 1.0])
def test_order_statistics_when_values_are_not_sorted_then_refuse(values: list[float]) -> None:
    with pytest.raises(InvalidArgument, match="sorted_values"):
        order_statistics(values, 0.5)


@pytest.mark.parametrize("probability", [-0.1, 1.1, np.nan])
def test_order_statistics_when_probability_is_not_one_then_refuse(probability: float) -> None:
    with pytest.raises(InvalidArgument, match="probability"):
        order_statistics([1.0, 2.0], probability)


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("count", [1, 10, 59, 300, 10_000])
def test_ranks_when_bounded_then_hold_the_quantile_often_enough_and_no_wider(count: int, probability: float) -> None:
    low, high = (int(rank) for rank in rank_interval(count, probability, alpha=0.05))

    below = stats.binom(count, probability)  # How many values are at or below the quantile.
    assert below.cdf(low - 1) <= 0.025
    assert below.sf(high - 1) <= 0.025
    assert below.cdf(low) > 0.025
    assert high == 0 or below.sf(high - 2) > 0.025


# Simulations: shapes of every kind, without an effect.


def lognormal(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return rng.lognormal(size=shape)


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return rng.normal(size=shape)


def two_modes(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return rng.normal(6 * (rng.random(shape) < 0.5), 1)


def mostly_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return np.where(rng.random(shape) < 0.52, 0.0, rng.lognormal(size=shape))


def simulated(seed: int, draw: Draw, counts: tuple[int, int], probability: float, repetitions: int) -> Comparison:
    rng = np.random.default_rng(seed)
    treatment, control = (
        quantiles(order_statistics(np.sort(draw(rng, (repetitions, count)), -1), probability)) for count in counts
    )
    return compare(treatment, control)


def coverage(found: Comparison) -> Rate:
    estimable = found.obstacle == 0
    covered = (found.difference_low <= 0) & (found.difference_high >= 0) & estimable
    return Rate(int(covered.sum()), int(estimable.sum()))


def flagged(found: Comparison, caution: Caution) -> float:
    return float(((found.caution & caution) != 0).mean())


@pytest.mark.parametrize("draw", [normal, lognormal])
@pytest.mark.parametrize(("counts", "probability"), [((400, 400), 0.5), ((1_000, 1_000), 0.5), ((1_500, 1_500), 0.9)])
def test_quantiles_when_density_is_smooth_then_cover_as_they_say(
    draw: Draw, counts: tuple[int, int], probability: float
) -> None:
    covered = coverage(simulated(1, draw, counts, probability, 4_000))

    assert covered.agrees_with(0.95)


@pytest.mark.slow
@pytest.mark.parametrize("draw", [normal, lognormal])
@pytest.mark.parametrize(
    ("counts", "probability"),
    [((2_000, 2_000), 0.5), ((2_000, 6_000), 0.25), ((4_000, 4_000), 0.9), ((8_000, 8_000), 0.97)],
)
def test_quantiles_when_units_are_many_then_cover_as_they_say(
    draw: Draw, counts: tuple[int, int], probability: float
) -> None:
    covered = coverage(simulated(2, draw, counts, probability, 6_000))

    assert covered.agrees_with(0.95)


@pytest.mark.parametrize(("counts", "probability"), [((30, 30), 0.5), ((60, 60), 0.9), ((600, 600), 0.99)])
def test_quantiles_when_units_are_few_then_cover_no_less_than_they_say(
    counts: tuple[int, int], probability: float
) -> None:
    assert coverage(simulated(3, lognormal, counts, probability, 4_000)).is_at_least(0.95)


def test_quantiles_when_in_a_valley_between_modes_then_fail_and_say_so() -> None:
    found = simulated(4, two_modes, (1_000, 1_000), 0.5, 4_000)

    assert not coverage(found).is_at_least(0.85)
    assert flagged(found, Caution.UNEVEN_DENSITY) > 0.9


def test_quantiles_when_density_is_smooth_then_are_seldom_called_uneven() -> None:
    assert flagged(simulated(5, lognormal, (1_000, 1_000), 0.5, 4_000), Caution.UNEVEN_DENSITY) < 0.03


def test_quantiles_when_at_the_edge_of_ties_then_fail_and_say_so() -> None:
    found = simulated(6, mostly_zero, (400, 4_000), 0.5, 3_000)

    assert not coverage(found).is_at_least(0.95)
    assert flagged(found, Caution.TIES) > 0.99


def clustered(seed: int, repetitions: int, clusters: int, *, robust: bool) -> Comparison:
    """Compares medians of 12 values in each cluster, which share half of their variance."""
    rng = np.random.default_rng(seed)
    arms = []
    for _ in range(2):
        values = rng.normal(size=(repetitions, clusters, 1)) + rng.normal(size=(repetitions, clusters, 12))
        flat = np.sort(values.reshape(repetitions, -1), -1)
        below = (values <= np.median(flat, -1)[:, None, None]).sum(-1).astype(np.float64)
        moments = moments_of(np.stack([below, np.full(below.shape, 12.0)], -1))[:, 0]
        arms.append(quantiles(order_statistics(flat, 0.5, below=moments if robust else None)))
    return compare(*arms)


@pytest.mark.parametrize("clusters", [40, 200])
def test_quantiles_when_values_are_clustered_then_cover_as_they_say(clusters: int) -> None:
    assert coverage(clustered(7, 4_000, clusters, robust=True)).agrees_with(0.95)


def test_quantiles_when_clusters_are_taken_for_units_then_fail() -> None:
    assert not coverage(clustered(8, 1_000, 100, robust=False)).is_at_least(0.75)
