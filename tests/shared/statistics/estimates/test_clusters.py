"""Tests cluster-robust means against statsmodels, and simulates few clusters and clusters of many sizes."""

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.clusters import cluster_means, cluster_ratios
from shared.statistics.estimates.means import means
from shared.statistics.estimates.ratios import ratios
from shared.statistics.fixed.difference import compare
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.obstacles import Caution, Obstacle
from tests.shared.statistics.estimates.rows import moments_of
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]
AGREEMENT = 1e-9


class Units:
    """Holds values of units with their clusters."""

    def __init__(self, seed: int, sizes: list[int]) -> None:
        rng = np.random.default_rng(seed)
        self.sizes = np.array(sizes)
        self.clusters = np.repeat(np.arange(len(sizes)), sizes)
        self.values = rng.normal(5, 1, len(sizes))[self.clusters] + rng.normal(size=self.sizes.sum())

    @property
    def totals(self) -> Moments:
        """Returns the moments of the clusters' sums and sizes."""
        sums = np.bincount(self.clusters, self.values)
        return moments_of(np.column_stack([sums, self.sizes]))[0]


def robust_variances(arms: list[Units], *, correction: bool) -> Floats:
    """Returns statsmodels' cluster-robust covariances of the arms' means, from one regression on all units."""
    arm = np.repeat(np.arange(len(arms)), [len(units.values) for units in arms])
    clusters = np.concatenate([units.clusters + 10_000 * number for number, units in enumerate(arms)])
    model = sm.OLS(np.concatenate([units.values for units in arms]), np.eye(len(arms))[arm])
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": correction})
    return np.asarray(fitted.cov_params())


@pytest.mark.parametrize("seed", range(5))
def test_clusters_when_of_one_size_then_equal_statsmodels_with_its_correction(seed: int) -> None:
    units = Units(seed, [7] * 23)

    found = cluster_means(units.totals)

    assert found.value == pytest.approx(units.values.mean(), rel=AGREEMENT)
    # statsmodels' factor is G / (G - 1) (N - 1) / (N - K): with one arm by itself, K = 1, that of CR1 here.
    assert found.variance == pytest.approx(robust_variances([units], correction=True)[0, 0], rel=AGREEMENT)
    assert found.degrees_of_freedom == pytest.approx(22)


@pytest.mark.parametrize("seed", range(5))
def test_clusters_when_sizes_differ_then_equal_statsmodels_but_for_the_factor(seed: int) -> None:
    rng = np.random.default_rng(seed)
    arms = [Units(seed + place, rng.integers(1, 30, 15 + place).tolist()) for place in range(2)]

    expected = robust_variances(arms, correction=False)

    for place, units in enumerate(arms):
        effective = units.sizes.sum() ** 2 / (units.sizes**2).sum()
        found = cluster_means(units.totals)
        assert found.degrees_of_freedom == pytest.approx(effective - 1, rel=AGREEMENT)
        assert found.variance * (effective - 1) / effective == pytest.approx(expected[place, place], rel=AGREEMENT)
        assert found.unit_count == units.sizes.sum()


def test_clusters_when_each_has_one_unit_then_are_means() -> None:
    units = Units(1, [1] * 50)

    found, plain = cluster_means(units.totals), means(moments_of(units.values[:, None])[0])

    assert found.value == pytest.approx(float(plain.value), rel=1e-12)
    assert found.variance == pytest.approx(float(plain.variance), rel=1e-12)
    assert found.degrees_of_freedom == pytest.approx(49)


def test_cluster_ratios_when_sizes_are_equal_then_are_ratios_of_clusters() -> None:
    rows = np.column_stack([np.random.default_rng(1).gamma(3, size=60), np.full(60, 8.0)])

    found, plain = cluster_ratios(moments_of(rows)), ratios(moments_of(rows))

    np.testing.assert_allclose(found.variance, plain.variance, rtol=1e-12)
    assert found.unit_count == plain.unit_count == 60


@pytest.mark.parametrize(("count", "caution"), [(39, Caution.FEW_CLUSTERS), (40, Caution.NONE)])
def test_clusters_when_few_then_say_so(count: int, caution: Caution) -> None:
    assert cluster_means(Units(1, [5] * count).totals).caution == caution


def test_clusters_when_one_holds_most_units_then_say_so() -> None:
    found = cluster_means(Units(1, [5] * 100 + [400]).totals)

    assert (found.caution & Caution.FEW_CLUSTERS) != 0


@pytest.mark.parametrize(
    ("sizes", "obstacle"),
    [([], Obstacle.NO_UNITS), ([5], Obstacle.TOO_FEW_UNITS), ([9] * 20 + [5_000], Obstacle.ZERO_DENOMINATOR)],
)
def test_clusters_when_too_few_then_say_why(sizes: list[int], obstacle: Obstacle) -> None:
    totals = Units(1, sizes).totals if sizes else Moments.of(0, [0, 0], np.zeros((2, 2)))

    assert cluster_means(totals).obstacle == obstacle


def test_clusters_when_there_is_one_variable_then_refuse() -> None:
    with pytest.raises(InvalidArgument, match="moments"):
        cluster_means(Moments.of_values(9, 1, 1))


REPETITIONS = 20_000


def totals_of(rng: np.random.Generator, clusters: int, *, spread: float, together: float) -> Moments:
    """Returns moments of clusters' sums and sizes; sizes are lognormal, units of a cluster share an effect."""
    shape = (REPETITIONS, clusters)
    sizes = np.maximum(1, np.rint(20 * rng.lognormal(0, spread, shape)))
    sums = sizes * (5 + together * rng.normal(size=shape)) + np.sqrt(sizes) * rng.normal(size=shape)
    return moments_of(np.stack([sums, sizes], -1))[:, 0]


def simulated(seed: int, counts: tuple[int, int], *, spread: float, together: float = 0.5) -> Comparison:
    rng = np.random.default_rng(seed)
    treatment, control = (cluster_means(totals_of(rng, count, spread=spread, together=together)) for count in counts)
    return compare(treatment, control)


def coverage(found: Comparison) -> Rate:
    known = found.obstacle == 0
    covered = (found.difference_low <= 0) & (found.difference_high >= 0) & known
    return Rate(int(covered.sum()), int(known.sum()))


@pytest.mark.parametrize("counts", [(8, 8), (12, 12), (60, 60), (10, 80)])
def test_clusters_when_of_one_size_then_cover_as_they_say(counts: tuple[int, int]) -> None:
    assert coverage(simulated(1, counts, spread=0.0)).agrees_with(0.95)


@pytest.mark.parametrize("together", [0.0, 0.5])
@pytest.mark.parametrize("counts", [(60, 60), (60, 200)])
def test_clusters_when_sizes_differ_and_they_are_enough_then_cover_as_they_say(
    counts: tuple[int, int], together: float
) -> None:
    found = simulated(2, counts, spread=0.4, together=together)

    assert coverage(found).agrees_with(0.95)
    assert ((found.caution & Caution.FEW_CLUSTERS) == 0).mean() > 0.9


def test_clusters_when_few_and_of_very_different_sizes_then_cover_less_and_say_so() -> None:
    found = simulated(3, (20, 20), spread=1.0)

    covered = coverage(found)
    assert not covered.is_at_least(0.95)
    assert covered.is_at_least(0.93)
    assert ((found.caution & Caution.FEW_CLUSTERS) != 0).all()


def test_units_when_taken_for_independent_then_fail_where_clusters_hold() -> None:
    rng = np.random.default_rng(4)
    effects = rng.normal(size=(1_000, 2, 50, 1))
    values = effects + rng.normal(size=(1_000, 2, 50, 20))
    naive = means(moments_of(values.reshape(1_000, 2, -1, 1))[:, :, 0])
    robust = cluster_means(moments_of(np.stack([values.sum(-1), np.full((1_000, 2, 50), 20.0)], -1))[:, :, 0])

    wrong, right = (compare(arms[:, 0], arms[:, 1]) for arms in (naive, robust))

    assert coverage(right).agrees_with(0.95)
    assert not coverage(wrong).is_at_least(0.6)
