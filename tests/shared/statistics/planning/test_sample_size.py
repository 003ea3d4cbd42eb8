import math

import numpy as np
import pytest
import tea_tasting as tt
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats import power as statsmodels_power
from statsmodels.stats import proportion as statsmodels_proportion
from tea_tasting.aggr import Aggregates

from shared.errors import InvalidArgument
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.familywise import Multiplicity
from shared.statistics.planning.monitoring import AnyTime, Classical, GroupSequential
from shared.statistics.planning.monitoring import bounds as z_bounds_of
from shared.statistics.planning.plan import Equivalence, NonInferiority, Plan, Scale, StandardError
from shared.statistics.planning.power import power
from shared.statistics.planning.sample_size import sample_size
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable
from shared.statistics.sequential.group_sequential import crossing_probabilities
from tests.shared.statistics.planning.examples import ALL, BASELINES, CLAIMS, MONITORINGS, effects_of, plan_of


def test_sizes_of_cohens_effects_are_those_of_statsmodels() -> None:
    # tt_ind_solve_power(d, alpha=0.05, power=0.8), statsmodels 0.15: small, medium and large effects.
    found = sample_size(Baseline.mean(0.0, 1.0), Plan(), difference=[0.2, 0.5, 0.8])

    np.testing.assert_allclose(found.total / 2, [393.4056989, 63.7656118, 25.5245725], rtol=1e-7)
    assert found.arms.tolist() == [[394, 394], [64, 64], [26, 26]]


@pytest.mark.parametrize("alternative", ["two-sided", "larger"])
def test_sizes_of_means_agree_with_statsmodels(alternative: str) -> None:
    rng = np.random.default_rng(1)
    oracle = statsmodels_power.TTestIndPower()
    sided = Alternative.TWO_SIDED if alternative == "two-sided" else Alternative.GREATER
    for _ in range(25):
        effect, alpha, target, ratio = (
            rng.uniform(0.1, 1),
            rng.uniform(0.01, 0.1),
            rng.uniform(0.6, 0.95),
            rng.uniform(0.4, 2),
        )
        plan = Plan(
            (1 / (1 + ratio), ratio / (1 + ratio)),
            alpha,
            target,
            alternative=sided,
            standard_error=StandardError.POOLED,
        )

        found = sample_size(Baseline.mean(5.0, 9.0), plan, difference=3 * effect)

        # Its search for the size ends at 1e-8 or so, its power does not.
        control = float(found.total) / (1 + ratio)
        assert control == pytest.approx(oracle.solve_power(effect, None, alpha, target, ratio, alternative), rel=1e-6)
        assert oracle.power(effect, control, alpha, ratio, None, alternative) == pytest.approx(target, rel=1e-9)


def test_size_of_pooled_proportions_is_that_of_fleiss() -> None:
    # 10 % against 12 %, alpha 0.05 two-sided without the other tail, power 0.8: 3840.8475 an arm (Fleiss, Levin and
    # Paik 2003, eq. 4.14; also statsmodels' samplesize_proportions_2indep_onetail).
    plan = Plan(alpha=0.025, alternative=Alternative.GREATER, standard_error=StandardError.POOLED)

    found = sample_size(BASELINES["proportion"], plan, difference=0.02)

    assert float(found.total) / 2 == pytest.approx(3840.8475, abs=5e-5)


def test_sizes_of_pooled_proportions_agree_with_statsmodels() -> None:
    rng = np.random.default_rng(2)
    for _ in range(100):
        control, change, ratio = rng.uniform(0.05, 0.6), rng.uniform(0.005, 0.2), rng.uniform(0.4, 2)
        alpha, target = rng.uniform(0.01, 0.1), rng.uniform(0.6, 0.95)
        plan = Plan(
            (ratio / (1 + ratio), 1 / (1 + ratio)),
            alpha,
            target,
            alternative=Alternative.GREATER,
            standard_error=StandardError.POOLED,
        )

        found = sample_size(Baseline.proportion(control), plan, difference=change)

        expected = statsmodels_proportion.samplesize_proportions_2indep_onetail(
            change, control, target, ratio, alpha, alternative="larger"
        )
        assert float(found.total) == pytest.approx(expected * (1 + ratio), rel=1e-9)


@pytest.mark.parametrize(("covariate", "saving"), [(None, 1.0), ("z", 1 - 0.7**2)])
def test_sizes_agree_with_tea_tasting(covariate: str | None, saving: float) -> None:
    data = Aggregates(count_=50, mean_={"x": 5.0, "z": 2.0}, var_={"x": 9.0, "z": 4.0}, cov_={("x", "z"): 0.7 * 6.0})
    metric = tt.Mean("x", covariate=covariate, rel_effect_size=0.02, ratio=1.5)
    baseline = Baseline.mean(5.0, 9.0).with_covariates(1 - saving)

    found = sample_size(baseline, Plan((0.4, 0.6)), difference=0.1)

    assert math.ceil(found.total) == metric.solve_power_from_aggregates(data, "n_obs")[0].n_obs


WITH_GUARDRAILS = Plan((1 / 3,) * 3, 0.0125, alternative=Alternative.GREATER, guardrail_count=2)


def _normal_mean(value: float, variance: float) -> Baseline:
    """Returns a metric whose variance stays as it is, with a normal statistic: what spotify-confidence calls a mean."""
    return Baseline.quantile(value, level=0.5, density=0.5 / math.sqrt(variance))


@pytest.mark.parametrize(
    ("baseline", "plan", "lift", "expected"),
    [
        (Baseline.proportion(0.33), Plan(alternative=Alternative.GREATER), 0.04, 31688),
        (Baseline.proportion(0.1), Plan(alpha=0.01, power=0.9, alternative=Alternative.LESS), -0.1, 44754),
        (
            _normal_mean(42.0, 900.0),
            Plan((0.5, 0.3, 0.2), alternative=Alternative.GREATER, multiplicity=Multiplicity.BONFERRONI),
            0.02,
            70080,
        ),
        (
            _normal_mean(3.7, 25.0),
            Plan(alternative=Alternative.GREATER, claim=NonInferiority(0.015 * 3.7)),
            0.0,
            200718,
        ),
        (
            Baseline.proportion(0.24),
            Plan(
                (0.5, 0.25, 0.25),
                0.025,
                0.9,
                alternative=Alternative.LESS,
                claim=NonInferiority(0.03 * 0.24),
                multiplicity=Multiplicity.BONFERRONI,
            ),
            0.0,
            262016,
        ),
        (Baseline.proportion(0.05), Plan(), 0.08, 96722),
        # Two success metrics and two guardrails in a family of its own: power 1 - 0.2 / 3.
        (Baseline.proportion(0.33), WITH_GUARDRAILS, 0.04, 107679),
        (_normal_mean(42.0, 900.0), WITH_GUARDRAILS, 0.02, 107193),
    ],
)
def test_sizes_are_those_of_spotify_confidence(baseline: Baseline, plan: Plan, lift: float, expected: int) -> None:
    # SampleSizeCalculator.sample_size of spotify-confidence 4.1.0 (correction "bonferroni"; the last two
    # "spot-1-bonferroni"). It takes a relative margin as an absolute one, leaves out the other tail of two-sided tests,
    # and rounds up the smallest treatment before the total.
    found = sample_size(baseline, plan, difference=lift * baseline.value)

    treatment = math.ceil(float(found.total) * plan.treatment_share)
    assert math.ceil(treatment / plan.treatment_share - 1e-6) == expected


@pytest.mark.parametrize(
    ("bounds", "looks", "at_80", "at_90"),
    [
        (Classical.POCOCK, 2, 1.110, 1.100),
        (Classical.POCOCK, 3, 1.166, 1.151),
        (Classical.POCOCK, 5, 1.229, 1.207),
        (Classical.POCOCK, 10, 1.301, 1.271),
        (Classical.OBRIEN_FLEMING, 2, 1.008, 1.007),
        (Classical.OBRIEN_FLEMING, 3, 1.017, 1.016),
        (Classical.OBRIEN_FLEMING, 5, 1.028, 1.026),
        (Classical.OBRIEN_FLEMING, 10, 1.040, 1.037),
    ],
)
def test_group_sequential_inflation_is_that_of_the_published_tables(
    bounds: Classical, looks: int, at_80: float, at_90: float
) -> None:
    # Jennison and Turnbull 2000, tables 2.2 and 2.4: maximum sample sizes over fixed ones, alpha 0.05 two-sided.
    monitoring = GroupSequential(tuple(np.arange(1, looks + 1) / looks), bounds)
    limits = z_bounds_of(monitoring, alpha=0.05, alternative=Alternative.TWO_SIDED)
    for target, factor in ((0.8, at_80), (0.9, at_90)):
        # The tables do not count crossings of the bound on the wrong side, the plan's power does.
        drift = math.sqrt(factor) * (stats.norm.isf(0.025) + stats.norm.ppf(target))
        wrong = crossing_probabilities(limits, monitoring.fractions, drift).lower.sum()

        found = sample_size(BASELINES["proportion"], Plan(power=target + wrong, monitoring=monitoring), difference=0.01)

        fixed = sample_size(BASELINES["proportion"], Plan(power=target), difference=0.01)
        assert round(float(found.total / fixed.total), 3) == factor


@pytest.mark.parametrize("claim", list(CLAIMS))
@pytest.mark.parametrize("monitoring", list(MONITORINGS))
def test_sizes_of_every_kind_have_the_power_asked_for(claim: str, monitoring: str) -> None:
    for target in (0.5, 0.8, 0.97):
        plan = plan_of(claim, monitoring, target)

        found = sample_size(ALL, plan, difference=effects_of(claim))

        reached = power(ALL, plan, difference=effects_of(claim), unit_count=found.total)
        np.testing.assert_allclose(reached.value, target, rtol=1e-9)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    effect=st.floats(0.02, 1.5),
    target=st.floats(0.3, 0.99),
    alpha=st.floats(0.001, 0.2),
    share=st.floats(0.1, 0.9),
)
def test_one_unit_less_has_less_power_than_asked_for(effect: float, target: float, alpha: float, share: float) -> None:
    plan = Plan((share, 1 - share), alpha, target)
    baseline = Baseline.mean(1.0, 1.0)

    found = sample_size(baseline, plan, difference=effect)

    if found.total > 2 / min(share, 1 - share):
        fewer = power(baseline, plan, difference=effect, unit_count=found.total * (1 - 1e-6))
        assert fewer.obstacle == Obstacle.TOO_FEW_UNITS or fewer.value < target


def test_rounded_sizes_reach_the_power() -> None:
    plan = Plan((0.5, 0.3, 0.2))

    found = sample_size(ALL, plan, difference=0.1 * np.abs(ALL.value))

    assert found.arms.shape == (*ALL.shape, 3)
    assert (found.arms == np.floor(found.arms)).all()
    assert (found.arms >= found.total[:, None] * np.array(plan.shares) - 1e-6).all()
    assert (found.arms < found.total[:, None] * np.array(plan.shares) + 1).all()
    above = found.arms.sum(axis=-1) - found.total
    assert ((above >= -1e-6) & (above < len(plan.shares))).all()
    assert found.report(0).figures["units"] == found.arms[0].sum()


def test_covariates_save_the_share_that_they_explain() -> None:
    plain = _normal_mean(5.0, 9.0)

    found = sample_size(plain.with_covariates(0.49), Plan(), difference=0.1)

    assert float(found.total) == pytest.approx(
        0.51 * float(sample_size(plain, Plan(), difference=0.1).total), rel=1e-12
    )


def test_clusters_cost_the_design_effect() -> None:
    plain = BASELINES["proportion"]
    # With hundreds of clusters an arm, t and normal agree to a thousandth.
    found = sample_size(plain.in_clusters(20.0, correlation=0.1), Plan(), difference=0.005)

    ratio = float(found.total / sample_size(plain, Plan(), difference=0.005).total)
    assert ratio == pytest.approx(1 + 19 * 0.1, rel=1e-3)


def test_guardrails_share_beta_so_that_all_pass_together() -> None:
    plan = Plan(alternative=Alternative.GREATER, claim=NonInferiority(0.01), guardrail_count=3)

    found = sample_size(BASELINES["proportion"], plan, difference=0.0)

    each = power(BASELINES["proportion"], plan, difference=0.0, unit_count=found.total)
    assert float(each.value) == pytest.approx(1 - 0.2 / 4, rel=1e-9)
    assert 1 - 4 * (1 - float(each.value)) == pytest.approx(0.8, rel=1e-9)


def test_dunnett_needs_fewer_units_than_bonferroni_and_more_than_nothing() -> None:
    sizes = [
        float(sample_size(BASELINES["mean"], Plan((0.2,) * 5, multiplicity=rule), difference=1.0).total)
        for rule in (Multiplicity.NONE, Multiplicity.DUNNETT, Multiplicity.BONFERRONI)
    ]

    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 3


def test_anytime_validity_costs_half_again_at_least() -> None:
    found = [
        float(sample_size(BASELINES["proportion"], plan_of("different", name), difference=0.01).total)
        for name in ("fixed", "O'Brien-Fleming type", "Pocock type", "any time")
    ]

    assert found == sorted(found)
    assert 1.5 < found[-1] / found[0] < 2.0


def test_more_looks_raise_the_power_of_an_anytime_test() -> None:
    sizes = [
        float(sample_size(BASELINES["mean"], Plan(monitoring=AnyTime(count)), difference=1.0).total)
        for count in (1, 4, 16, 64)
    ]

    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("claim", "effect"),
    [
        ("different", 0.0),
        ("greater", -0.01),
        ("less", 0.01),
        ("not less by an absolute margin", -2.0),
        ("not more by a relative margin", 0.03),
        ("alike within an absolute margin", -200.0),
        ("alike within a relative margin", -0.5),
    ],
)
def test_no_size_shows_what_is_not_so(claim: str, effect: float) -> None:
    found = sample_size(Baseline.mean(np.full(ALL.shape, 0.2), 1.0), plan_of(claim), difference=effect)

    assert found.obstacle[0] == Obstacle.EFFECT_NOT_CLAIMED
    assert np.isnan(found.total[0])
    assert found.report(0).figures["units"] == NotEstimable(Obstacle.EFFECT_NOT_CLAIMED)


def test_no_size_shows_an_impossible_value() -> None:
    found = sample_size(Baseline.proportion(0.95), Plan(), difference=[0.04, 0.06])

    assert found.obstacle.tolist() == [Obstacle.NONE, Obstacle.IMPOSSIBLE_VALUE]


def test_no_arm_gets_fewer_than_two_units() -> None:
    found = sample_size(Baseline.mean(0.0, 1.0), Plan((0.25, 0.75)), difference=1e4)

    assert found.arms.tolist() == [2, 6]
    assert found.caution == Caution.FEW_UNITS
    reached = power(Baseline.mean(0.0, 1.0), Plan((0.25, 0.75)), difference=1e4, unit_count=found.total)
    assert reached.obstacle == Obstacle.NONE


def test_tiny_effects_have_huge_sizes() -> None:
    found = sample_size(Baseline.proportion(0.1), Plan(), difference=1e-9)

    quantiles = stats.norm.isf(0.025) + stats.norm.ppf(0.8)
    assert float(found.total) == pytest.approx(4 * quantiles**2 * 0.09 / 1e-18, rel=1e-5)


def test_size_report_names_each_arm() -> None:
    found = sample_size(Baseline.mean(0.0, 1.0), Plan((0.5, 0.3, 0.2)), difference=0.3)

    figures = found.report().figures

    assert figures["units"] == found.arms.sum()
    assert [figures[f"units of arm {arm}"] for arm in range(3)] == found.arms.tolist()


def test_size_refuses_effects_that_are_no_numbers() -> None:
    with pytest.raises(InvalidArgument, match="difference"):
        sample_size(ALL, Plan(), difference=math.nan)


def test_equivalence_needs_more_units_near_its_margin() -> None:
    plan = Plan(claim=Equivalence(0.05, Scale.RELATIVE))

    found = sample_size(BASELINES["proportion"], plan, difference=[0.0, 0.002, 0.004, 0.0049])

    assert (np.diff(found.total) > 0).all()
