import math
from dataclasses import replace

import numpy as np
import pytest
import tea_tasting as tt
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, special, stats
from statsmodels.stats import power as statsmodels_power
from statsmodels.stats import proportion as statsmodels_proportion
from tea_tasting.aggr import Aggregates

from shared.errors import InvalidArgument
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.familywise import Multiplicity
from shared.statistics.planning.minimum_effect import minimum_effect
from shared.statistics.planning.monitoring import AnyTime, FixedLook, GroupSequential, bounds, fractions
from shared.statistics.planning.plan import Equivalence, NonInferiority, Plan, Scale, StandardError
from shared.statistics.planning.power import expected_unit_count, power
from shared.statistics.planning.sample_size import sample_size
from shared.statistics.result.method import Alternative, Validity
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable
from shared.statistics.sequential.group_sequential import crossing_probabilities
from tests.shared.statistics.planning.examples import ALL, BASELINES, CLAIMS, MONITORINGS, effects_of, plan_of

ALTERNATIVES = {Alternative.TWO_SIDED: "two-sided", Alternative.GREATER: "larger", Alternative.LESS: "smaller"}
TEA = {Alternative.TWO_SIDED: "two-sided", Alternative.GREATER: "greater", Alternative.LESS: "less"}

Floats = NDArray[np.float64]


def _agree(found: Floats, expected: float) -> None:
    """Oracles with a noncentral t say NaN where the tail on the other side is next to nothing."""
    if math.isnan(expected):
        assert 0 <= found <= 1
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("alternative", list(Alternative))
def test_power_of_pooled_means_agrees_with_statsmodels(alternative: Alternative) -> None:
    rng = np.random.default_rng(1)
    oracle = statsmodels_power.TTestIndPower()
    for _ in range(60):
        effect, control, ratio = rng.normal(0, 0.5), int(rng.integers(7, 400)), rng.uniform(0.3, 3)
        share = 1 / (1 + ratio)
        alpha = rng.uniform(0.001, 0.2)
        plan = Plan((share, 1 - share), alpha, alternative=alternative, standard_error=StandardError.POOLED)

        found = power(Baseline.mean(1.0, 4.0), plan, difference=2 * effect, unit_count=control * (1 + ratio))

        expected = oracle.power(effect, control, alpha, ratio, alternative=ALTERNATIVES[alternative])
        _agree(found.value, expected)


@pytest.mark.parametrize("alternative", list(Alternative))
def test_power_of_means_agrees_with_tea_tasting(alternative: Alternative) -> None:
    rng = np.random.default_rng(2)
    for _ in range(60):
        mean, variance, effect = rng.uniform(1, 20), rng.uniform(1, 30), rng.normal(0, 1)
        ratio, count, alpha = rng.uniform(0.3, 3), int(rng.integers(20, 2000)), rng.uniform(0.001, 0.2)
        metric = tt.Mean("x", alternative=TEA[alternative], ratio=ratio, alpha=alpha, effect_size=effect, n_obs=count)
        plan = Plan((1 / (1 + ratio), ratio / (1 + ratio)), alpha, alternative=alternative)

        found = power(Baseline.mean(mean, variance), plan, difference=effect, unit_count=count)

        data = Aggregates(count_=50, mean_={"x": mean}, var_={"x": variance}, cov_={})
        expected = metric.solve_power_from_aggregates(data, "power")[0].power
        _agree(found.value, expected)


def test_power_with_covariates_agrees_with_tea_tasting() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        correlation, effect, count = rng.uniform(-0.95, 0.95), rng.uniform(0.1, 1), int(rng.integers(50, 2000))
        data = Aggregates(
            count_=50, mean_={"x": 5.0, "z": 2.0}, var_={"x": 9.0, "z": 4.0}, cov_={("x", "z"): correlation * 6.0}
        )
        metric = tt.Mean("x", covariate="z", effect_size=effect, n_obs=count)

        found = power(
            Baseline.mean(5.0, 9.0).with_covariates(correlation**2), Plan(), difference=effect, unit_count=count
        )

        expected = metric.solve_power_from_aggregates(data, "power")[0].power
        _agree(found.value, expected)


def test_power_of_ratios_agrees_with_tea_tasting() -> None:
    rng = np.random.default_rng(4)
    for _ in range(40):
        numerator, denominator = rng.uniform(0.5, 3), rng.uniform(1, 8)
        first, second = rng.uniform(0.5, 4), rng.uniform(0.5, 4)
        covariance = rng.uniform(-0.9, 0.9) * math.sqrt(first * second)
        effect, count = rng.uniform(0.02, 0.2), int(rng.integers(50, 2000))
        data = Aggregates(
            count_=50,
            mean_={"n": numerator, "d": denominator},
            var_={"n": first, "d": second},
            cov_={("d", "n"): covariance},
        )
        metric = tt.RatioOfMeans("n", "d", effect_size=effect, n_obs=count)
        baseline = Baseline.ratio(
            numerator_mean=numerator,
            denominator_mean=denominator,
            numerator_variance=first,
            denominator_variance=second,
            covariance=covariance,
        )

        found = power(baseline, Plan(), difference=effect, unit_count=count)

        expected = metric.solve_power_from_aggregates(data, "power")[0].power
        _agree(found.value, expected)


@pytest.mark.parametrize("alternative", list(Alternative))
def test_power_of_pooled_proportions_agrees_with_statsmodels(alternative: Alternative) -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        control, change, ratio = rng.uniform(0.2, 0.8), rng.normal(0, 0.05), rng.uniform(0.3, 3)
        count, alpha = int(rng.integers(50, 3000)), rng.uniform(0.001, 0.2)
        share = 1 / (1 + ratio)
        plan = Plan((1 - share, share), alpha, alternative=alternative, standard_error=StandardError.POOLED)

        found = power(Baseline.proportion(control), plan, difference=change, unit_count=count * (1 + ratio))

        expected = statsmodels_proportion.power_proportions_2indep(
            change, control, count, ratio, alpha, alternative=ALTERNATIVES[alternative], return_results=False
        )
        _agree(found.value, expected)


@pytest.mark.parametrize("alternative", list(Alternative))
def test_power_of_unpooled_proportions_agrees_with_statsmodels(alternative: Alternative) -> None:
    rng = np.random.default_rng(6)
    for _ in range(60):
        control, change, share = rng.uniform(0.2, 0.8), rng.normal(0, 0.05), rng.uniform(0.2, 0.8)
        count, alpha = int(rng.integers(50, 3000)), rng.uniform(0.001, 0.2)
        plan = Plan((1 - share, share), alpha, alternative=alternative)

        found = power(Baseline.proportion(control), plan, difference=change, unit_count=count)

        treatment = control + change
        deviation = math.sqrt(treatment * (1 - treatment) / share + control * (1 - control) / (1 - share))
        expected = statsmodels_power.normal_power(
            change / deviation, count, alpha, alternative=ALTERNATIVES[alternative], sigma=1.0
        )
        _agree(found.value, expected)


def test_power_of_a_relative_margin_takes_in_the_controls_error() -> None:
    # T - 0.98 C is tested, so that the control counts 0.98^2 (Fieller's interval at the margin).
    margin, count = 0.02, 50_000
    plan = Plan(alternative=Alternative.GREATER, claim=NonInferiority(margin, Scale.RELATIVE))

    found = power(Baseline.proportion(0.3), plan, difference=0.0, unit_count=count)

    error = math.sqrt(0.21 / 25_000 * (1 + 0.98**2))
    assert float(found.value) == pytest.approx(stats.norm.cdf(0.3 * margin / error - stats.norm.isf(0.05)), rel=1e-12)


@pytest.mark.parametrize("effect", [0.0, 0.3, -0.45])
def test_power_of_equivalence_agrees_with_integration_over_the_standard_error(effect: float) -> None:
    # Both tests succeed where |D| + c S < margin; S is sigma times a chi variable.
    count, margin, alpha = 40, 0.9, 0.05
    freedom, error = 2 * count - 2, math.sqrt(2 / count)
    critical = stats.t.isf(alpha, freedom)

    def both(scale: float) -> float:
        half = max(margin - critical * scale * error, 0.0)
        inside = stats.norm.cdf((half - effect) / error) - stats.norm.cdf((-half - effect) / error)
        return float(inside * stats.chi.pdf(scale * math.sqrt(freedom), freedom) * math.sqrt(freedom))

    expected = integrate.quad(both, 0, 3, epsabs=1e-13, epsrel=1e-12)[0]

    found = power(Baseline.mean(0.0, 1.0), Plan(claim=Equivalence(margin)), difference=effect, unit_count=2 * count)

    assert float(found.value) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["any time", "any time, tuned early", "O'Brien-Fleming type", "Pocock type", "Pocock"])
@pytest.mark.parametrize("alternative", list(Alternative))
def test_power_of_monitored_tests_agrees_with_the_recursion_at_that_drift(name: str, alternative: Alternative) -> None:
    monitoring = MONITORINGS[name]
    assert not isinstance(monitoring, FixedLook)
    sided = Alternative.TWO_SIDED if alternative is Alternative.TWO_SIDED else Alternative.GREATER
    limits = bounds(monitoring, alpha=0.05, alternative=sided)
    for drift in (-1.5, 0.0, 0.7, 2.0, 3.5, 6.0):
        change = drift * 0.02 * (-1 if alternative is Alternative.LESS else 1)

        found = power(
            Baseline.mean(0.0, 1.0),
            Plan(alternative=alternative, monitoring=monitoring),
            difference=change,
            unit_count=10_000,
        )

        crossed = crossing_probabilities(limits, list(fractions(monitoring)), drift)
        assert float(found.value) == pytest.approx(crossed.lower.sum() + crossed.upper.sum(), abs=1e-9)


@pytest.mark.parametrize("monitoring", [AnyTime(look_count=7), GroupSequential((0.2, 0.5, 1.0))])
@pytest.mark.parametrize("drift", [-3.0, 0.0, 1.2, 4.0])
def test_expected_units_agree_with_the_recursion_at_that_drift(monitoring: AnyTime, drift: float) -> None:
    limits = bounds(monitoring, alpha=0.05, alternative=Alternative.TWO_SIDED)
    times = fractions(monitoring)
    crossed = crossing_probabilities(limits, list(times), drift)
    stops = crossed.lower + crossed.upper

    found = expected_unit_count(
        Baseline.mean(0.0, 1.0), Plan(monitoring=monitoring), difference=drift * 0.02, unit_count=10_000
    )

    expected = 10_000 * (stops @ times + (1 - stops.sum()) * times[-1])
    assert float(found) == pytest.approx(expected, rel=1e-9)


def test_expected_units_of_a_fixed_look_are_all() -> None:
    found = expected_unit_count(BASELINES["proportion"], Plan(), difference=0.01, unit_count=[100, 5000])

    assert found.tolist() == [100, 5000]


def test_expected_units_of_an_equivalence_test_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="no single stopping time"):
        expected_unit_count(ALL, plan_of("alike within a relative margin"), difference=0.0, unit_count=1000)


@pytest.mark.parametrize("claim", list(CLAIMS))
@pytest.mark.parametrize("monitoring", list(MONITORINGS))
def test_power_of_every_kind_rises_with_units(claim: str, monitoring: str) -> None:
    sizes = np.geomspace(300, 3e6, 12)

    found = power(ALL, plan_of(claim, monitoring), difference=effects_of(claim), unit_count=sizes[:, None])

    assert (found.obstacle == Obstacle.NONE).all()
    assert (np.diff(found.value, axis=0) >= -1e-12).all()
    assert ((found.value >= 0) & (found.value <= 1)).all()


@pytest.mark.parametrize("monitoring", list(MONITORINGS))
def test_power_at_the_null_is_alpha_or_less(monitoring: str) -> None:
    plan = plan_of("different", monitoring, alpha=0.03)

    found = power(ALL, plan, difference=0.0, unit_count=1e5)

    exact = not isinstance(plan.monitoring, AnyTime)
    assert found.value == pytest.approx(0.03, abs=1e-9) if exact else (found.value < 0.03).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(effect=st.floats(0.01, 2), scale=st.floats(1e-3, 1e3), count=st.integers(10, 10_000))
def test_power_is_free_of_the_unit_of_measurement(effect: float, scale: float, count: int) -> None:
    plain = power(Baseline.mean(3.0, 4.0), Plan(), difference=effect, unit_count=count)

    scaled = power(Baseline.mean(3.0 * scale, 4.0 * scale**2), Plan(), difference=effect * scale, unit_count=count)

    np.testing.assert_allclose(scaled.value, plain.value, rtol=1e-9)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(share=st.floats(0.02, 0.98), change=st.floats(-0.5, 0.5), count=st.integers(10, 10_000))
def test_power_of_non_events_mirrors_that_of_events(share: float, change: float, count: int) -> None:
    change = change * min(share, 1 - share)
    events = power(Baseline.proportion(share), plan_of("greater"), difference=change, unit_count=count)

    others = power(Baseline.proportion(1 - share), plan_of("less"), difference=-change, unit_count=count)

    np.testing.assert_allclose(others.value, events.value, rtol=1e-9, atol=1e-14)


def test_power_of_several_treatments_is_that_of_the_smallest() -> None:
    plan = Plan(shares=(0.5, 0.3, 0.2))

    found = power(BASELINES["proportion"], plan, difference=0.01, unit_count=20_000)

    pair = Plan(shares=(0.5 / 0.7, 0.2 / 0.7))
    assert found.value == pytest.approx(
        power(BASELINES["proportion"], pair, difference=0.01, unit_count=14_000).value, rel=1e-12
    )


@pytest.mark.parametrize("rule", [Multiplicity.BONFERRONI, Multiplicity.DUNNETT])
def test_power_after_multiplicity_is_that_at_the_alpha_of_a_comparison(rule: Multiplicity) -> None:
    plan = Plan(shares=(0.25,) * 4, multiplicity=rule)

    found = power(BASELINES["mean"], plan, difference=1.0, unit_count=8000)

    plain = replace(plan, alpha=plan.comparison_alpha, multiplicity=Multiplicity.NONE)
    assert found.value == power(BASELINES["mean"], plain, difference=1.0, unit_count=8000).value


def test_power_where_no_treatment_can_be_so_is_not_estimable() -> None:
    found = power(Baseline.proportion([0.1, 0.9]), Plan(), difference=0.2, unit_count=1000)

    assert found.obstacle.tolist() == [Obstacle.NONE, Obstacle.IMPOSSIBLE_VALUE]
    assert np.isnan(found.value).tolist() == [False, True]


def test_power_of_an_arm_with_less_than_two_units_is_not_estimable() -> None:
    found = power(Baseline.mean(1.0, 1.0), Plan(), difference=3.0, unit_count=[3.9, 4.0])

    assert found.obstacle.tolist() == [Obstacle.TOO_FEW_UNITS, Obstacle.NONE]


def test_power_counts_clusters_and_not_units() -> None:
    baseline = Baseline.mean(1.0, 1.0).in_clusters(50.0, correlation=1.0)

    found = power(baseline, Plan(), difference=2.0, unit_count=1000)

    alone = power(Baseline.mean(1.0, 1.0), Plan(), difference=2.0, unit_count=20)
    np.testing.assert_allclose(found.value, alone.value, rtol=1e-12)
    assert found.caution == Caution.FEW_CLUSTERS


def test_power_report_says_method_figure_and_caution() -> None:
    found = power(Baseline.proportion([0.001, 0.9]), Plan(), difference=0.15, unit_count=1000)

    first, second = found.report(0), found.report(1)

    assert first.method.validity is Validity.FIXED_LOOK
    assert first.figures == {"power": float(found.value[0])}
    assert first.caution == Caution.FEW_EVENTS
    assert second.figures == {"power": NotEstimable(Obstacle.IMPOSSIBLE_VALUE)}


@pytest.mark.parametrize(
    ("monitoring", "validity"),
    [
        (FixedLook(), Validity.FIXED_LOOK),
        (AnyTime(), Validity.ANY_TIME),
        (GroupSequential((0.5, 1.0)), Validity.PLANNED_LOOKS),
    ],
)
def test_power_says_under_which_looks_it_holds(monitoring: FixedLook, validity: Validity) -> None:
    found = power(BASELINES["mean"], Plan(monitoring=monitoring), difference=1.0, unit_count=1000)

    assert found.method.validity is validity


@pytest.mark.parametrize(
    ("difference", "unit_count", "field"),
    [
        (math.nan, 100, "difference"),
        (math.inf, 100, "difference"),
        (1.0, 0, "unit_count"),
        (1.0, -5, "unit_count"),
        (1.0, math.nan, "unit_count"),
        ([1.0, 2.0], [100, 200, 300], "difference"),
    ],
)
def test_power_refuses_bad_numbers(difference: float, unit_count: float, field: str) -> None:
    with pytest.raises(InvalidArgument, match=field):
        power(BASELINES["mean"], Plan(), difference=difference, unit_count=unit_count)


def test_power_is_a_number_where_scipys_noncentral_t_is_none() -> None:
    difference = np.linspace(-30, 30, 4001)

    found = power(Baseline.mean(0.0, 1.0), plan_of("greater"), difference=difference, unit_count=[[10], [60], [5000]])

    assert not np.isnan(found.value).any()
    assert (np.diff(found.value, axis=-1) >= -1e-12).all()


def test_noncentral_t_agrees_with_integration_over_its_scale() -> None:
    # SciPy's noncentral t carries the power of all means: checked against E[Phi(drift - c s)], s^2 chi-square over df.
    for freedom, drift in ((3, 0.5), (11, -1.0), (60, 2.8), (400, 5.0)):
        critical = -special.stdtrit(freedom, 0.025)

        def above(scale: float, f: int = freedom, d: float = drift, c: float = critical) -> float:
            return float(special.ndtr(d - c * scale) * stats.chi.pdf(scale * math.sqrt(f), f) * math.sqrt(f))

        width = 12 / math.sqrt(2 * freedom)
        expected = integrate.quad(above, max(0.0, 1 - width), 1 + width, epsabs=1e-13, epsrel=1e-11, limit=200)[0]

        # With variances of 2 / n and n = freedom / 2 + 1 units an arm, the drift is difference / sqrt(2 / n).
        count = freedom / 2 + 1
        plan = Plan(alpha=0.025, alternative=Alternative.GREATER)
        found = power(Baseline.mean(0.0, 1.0), plan, difference=drift * math.sqrt(2 / count), unit_count=2 * count)
        assert float(found.value) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("plan", [plan_of("not less by a relative margin"), plan_of("alike within a relative margin")])
def test_margins_relative_to_nothing_are_not_estimable(plan: Plan) -> None:
    baseline = Baseline.mean([0.0, 2.0], 1.0)

    found = [
        power(baseline, plan, difference=0.0, unit_count=10_000).obstacle.tolist(),
        sample_size(baseline, plan, difference=0.0).obstacle.tolist(),
        minimum_effect(baseline, plan, unit_count=10_000).obstacle.tolist(),
    ]

    assert found == [[Obstacle.ZERO_CONTROL, Obstacle.NONE]] * 3


def test_margins_of_another_shape_are_refused() -> None:
    plan = Plan(claim=Equivalence([0.1, 0.2, 0.3]))
    baseline = Baseline.mean([1.0, 2.0], 1.0)

    for ask in (
        lambda: power(baseline, plan, difference=0.0, unit_count=100),
        lambda: sample_size(baseline, plan, difference=0.0),
        lambda: minimum_effect(baseline, plan, unit_count=100),
    ):
        with pytest.raises(InvalidArgument, match="margin"):
            ask()


def test_each_metric_may_have_a_margin_of_its_own() -> None:
    plan = Plan(alternative=Alternative.GREATER, claim=NonInferiority([0.1, 0.2]))

    found = power(BASELINES["mean"], plan, difference=0.0, unit_count=1e6)

    alone = [Plan(alternative=Alternative.GREATER, claim=NonInferiority(margin)) for margin in (0.1, 0.2)]
    expected = [float(power(BASELINES["mean"], one, difference=0.0, unit_count=1e6).value) for one in alone]
    assert found.value.tolist() == expected
