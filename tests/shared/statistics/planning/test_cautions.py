import pytest

from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.familywise import Multiplicity
from shared.statistics.planning.minimum_effect import minimum_effect
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.power import power
from shared.statistics.planning.sample_size import sample_size
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


@pytest.mark.parametrize("plan", [Plan((0.4, 0.3, 0.3)), Plan(primary_count=2)])
def test_several_comparisons_without_a_correction_are_cautioned_against(plan: Plan) -> None:
    for answer in (
        power(MEAN, plan, difference=0.5, unit_count=1_000),
        sample_size(MEAN, plan, difference=0.1),
        minimum_effect(MEAN, plan, unit_count=1_000),
    ):
        assert answer.report().caution == Caution.ALPHA_NOT_SHARED


@pytest.mark.parametrize("rule", [Multiplicity.BONFERRONI, Multiplicity.DUNNETT])
def test_several_comparisons_with_a_correction_are_not_cautioned_against(rule: Multiplicity) -> None:
    plan = Plan((0.4, 0.3, 0.3), multiplicity=rule)

    assert sample_size(MEAN, plan, difference=0.1).report().caution == Caution.NONE


def test_caution_about_alpha_comes_with_the_others() -> None:
    found = power(MEAN, Plan((0.4, 0.3, 0.3)), difference=0.5, unit_count=60)

    assert found.report().caution == Caution.FEW_UNITS | Caution.ALPHA_NOT_SHARED
