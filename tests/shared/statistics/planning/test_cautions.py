import pytest

from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.power import power
from shared.statistics.result.obstacles import Caution

RARE = Baseline.proportion(0.01)
COMMON = Baseline.proportion(0.99)
POISSON = Baseline.count(0.05)
BURSTS = Baseline.count(0.05, dispersion=4.0)
HOURS = Baseline.rate(0.01, exposure=5.0)
MEAN = Baseline.mean(1.0, 1.0)
SKEWED = Baseline.mean(1.0, 1.0, skewness=-3.0)
SHOPS = MEAN.in_clusters(10.0, correlation=0.1)


@pytest.mark.parametrize(
    ("baseline", "difference", "unit_count", "caution"),
    [
        # A hundred events in the arm that has fewer, and just under.
        (RARE, 0.01, 20_000, Caution.NONE),
        (RARE, 0.01, 19_998, Caution.FEW_EVENTS),
        (RARE, -0.005, 20_000, Caution.FEW_EVENTS),
        (COMMON, -0.01, 20_000, Caution.NONE),
        (COMMON, 0.005, 20_000, Caution.FEW_EVENTS),
        (POISSON, 0.01, 4000, Caution.NONE),
        (POISSON, 0.01, 3998, Caution.FEW_EVENTS),
        (BURSTS, 0.01, 4000, Caution.FEW_EVENTS),
        (BURSTS, 0.01, 16_000, Caution.NONE),
        (HOURS, 0.01, 4000, Caution.NONE),
        (HOURS, 0.01, 3998, Caution.FEW_EVENTS),
        (MEAN, 0.5, 60, Caution.NONE),
        (MEAN, 0.5, 59, Caution.FEW_UNITS),
        (SKEWED, 0.5, 6390, Caution.NONE),
        (SKEWED, 0.5, 6389, Caution.SKEWED),
        (SHOPS, 0.5, 800, Caution.NONE),
        (SHOPS, 0.5, 799, Caution.FEW_CLUSTERS),
    ],
)
def test_small_samples_are_cautioned_against(
    baseline: Baseline, difference: float, unit_count: float, caution: Caution
) -> None:
    found = power(baseline, Plan(), difference=difference, unit_count=unit_count)

    assert Caution(int(found.caution)) == caution
