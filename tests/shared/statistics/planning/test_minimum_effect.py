import numpy as np
import pytest
import tea_tasting as tt
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats import power as statsmodels_power
from tea_tasting.aggr import Aggregates

from shared.errors import InvalidArgument
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.minimum_effect import minimum_effect
from shared.statistics.planning.plan import Equivalence, NonInferiority, Plan, Superiority
from shared.statistics.planning.power import power
from shared.statistics.planning.sample_size import sample_size
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Obstacle
from shared.statistics.result.report import NotEstimable
from tests.shared.statistics.planning.examples import ALL, BASELINES, CLAIMS, MONITORINGS, plan_of


def test_effects_of_means_agree_with_statsmodels() -> None:
    rng = np.random.default_rng(1)
    oracle = statsmodels_power.TTestIndPower()
    for _ in range(40):
        count, alpha, target = int(rng.integers(5, 3000)), rng.uniform(0.01, 0.1), rng.uniform(0.6, 0.95)

        found = minimum_effect(Baseline.mean(5.0, 9.0), Plan(alpha=alpha, power=target), unit_count=2 * count)

        # Its search for the effect ends early, and below 0 at times; its power is exact.
        effect = float(found.difference) / 3
        assert abs(oracle.solve_power(None, count, alpha, target)) == pytest.approx(effect, rel=1e-4)
        assert oracle.power(effect, count, alpha) == pytest.approx(target, rel=1e-9)


def test_effects_agree_with_tea_tasting() -> None:
    # Its search ends at a tolerance of its own.
    data = Aggregates(count_=50, mean_={"x": 5.0}, var_={"x": 9.0}, cov_={})
    for count in (100, 1000, 20_000):
        found = minimum_effect(Baseline.mean(5.0, 9.0), Plan((0.25, 0.75)), unit_count=count)

        expected = tt.Mean("x", ratio=3.0, n_obs=count).solve_power_from_aggregates(data, "rel_effect_size")[0]
        assert float(found.lift) == pytest.approx(expected.rel_effect_size, rel=1e-6)
        assert float(found.difference) == pytest.approx(expected.effect_size, rel=1e-6)


@pytest.mark.parametrize("claim", list(CLAIMS))
@pytest.mark.parametrize("monitoring", list(MONITORINGS))
def test_effects_of_every_kind_have_the_power_asked_for(claim: str, monitoring: str) -> None:
    plan = plan_of(claim, monitoring)
    sizes = np.array([3e4, 1e6])[:, None]

    found = minimum_effect(ALL, plan, unit_count=sizes)

    fine = found.obstacle == Obstacle.NONE
    differences = np.where(fine, found.difference, 0.0)
    reached = power(ALL, plan, difference=differences, unit_count=sizes).value
    assert fine[1].all()
    np.testing.assert_allclose(reached[fine], 0.8, rtol=1e-9)
    np.testing.assert_allclose(found.lift[fine], (found.difference / np.abs(ALL.value))[fine], rtol=1e-12)
    assert np.isnan(found.difference[~fine]).all()


@pytest.mark.parametrize("claim", ["different", "greater", "not less by an absolute margin"])
@pytest.mark.parametrize("monitoring", list(MONITORINGS))
def test_size_of_the_minimum_effect_is_the_size(claim: str, monitoring: str) -> None:
    plan = plan_of(claim, monitoring)
    found = minimum_effect(ALL, plan, unit_count=4e5)

    again = sample_size(ALL, plan, difference=found.difference)

    np.testing.assert_allclose(again.total, 4e5, rtol=1e-9)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    share=st.floats(0.01, 0.9),
    count=st.integers(50, 10**7),
    target=st.floats(0.2, 0.99),
    alternative=st.sampled_from(list(Alternative)),
)
def test_proportions_have_an_effect_or_none_within_reach(
    share: float, count: int, target: float, alternative: Alternative
) -> None:
    plan = Plan(power=target, alternative=alternative)
    baseline = Baseline.proportion(share)

    found = minimum_effect(baseline, plan, unit_count=count)

    side = -1 if alternative is Alternative.LESS else 1
    farthest = 1 - share if side > 0 else -share
    if found.obstacle == Obstacle.NOT_REACHABLE:
        assert power(baseline, plan, difference=farthest, unit_count=count).value < target
    else:
        assert 0 < side * found.difference <= side * farthest
        np.testing.assert_allclose(
            power(baseline, plan, difference=found.difference, unit_count=count).value, target, rtol=1e-9
        )


def test_effects_shrink_with_units() -> None:
    found = minimum_effect(ALL, Plan(), unit_count=np.geomspace(1e4, 1e8, 9)[:, None])

    assert (np.diff(found.difference, axis=0) < 0).all()


def test_non_inferiority_with_few_units_needs_a_true_gain() -> None:
    plan = Plan(alternative=Alternative.GREATER, claim=NonInferiority(0.1))

    few, many = minimum_effect(BASELINES["mean"], plan, unit_count=[1e4, 1e7]).difference

    assert few > 0 > many > -0.1


def test_equivalence_out_of_reach_says_so() -> None:
    plan = Plan(claim=Equivalence(0.01))

    found = minimum_effect(BASELINES["mean"], plan, unit_count=1e4)

    assert found.obstacle == Obstacle.NOT_REACHABLE
    assert found.report().figures == {
        "difference": NotEstimable(Obstacle.NOT_REACHABLE),
        "lift": NotEstimable(Obstacle.NOT_REACHABLE),
    }


def test_non_inferiority_that_nothing_can_fail_gives_the_worst_value() -> None:
    plan = Plan(alternative=Alternative.GREATER, claim=NonInferiority(0.5))

    found = minimum_effect(Baseline.proportion(0.1), plan, unit_count=1e5)

    assert float(found.difference) == -0.1


def test_effect_on_a_control_of_zero_has_no_lift() -> None:
    found = minimum_effect(Baseline.mean([0.0, 2.0], 1.0), Plan(), unit_count=1000)

    assert found.obstacle.tolist() == [Obstacle.NONE, Obstacle.NONE]
    assert found.lift_obstacle.tolist() == [Obstacle.ZERO_CONTROL, Obstacle.NONE]
    assert np.isnan(found.lift).tolist() == [True, False]


def test_lift_on_a_negative_control_has_the_sign_of_the_difference() -> None:
    found = minimum_effect(BASELINES["mean below 0"], Plan(), unit_count=1000)

    assert found.lift > 0
    assert found.lift == found.difference / 20


def test_effect_with_too_few_units_is_not_estimable() -> None:
    found = minimum_effect(BASELINES["mean"], Plan(), unit_count=3)

    assert found.obstacle == Obstacle.TOO_FEW_UNITS


def test_effect_report_has_both_scales() -> None:
    found = minimum_effect(ALL, Plan(claim=Superiority()), unit_count=1e5)

    figures = found.report(1).figures

    assert figures == {"difference": float(found.difference[1]), "lift": float(found.lift[1])}


@pytest.mark.parametrize("units", [0, -1, float("nan"), float("inf")])
def test_effect_refuses_bad_sizes(units: float) -> None:
    with pytest.raises(InvalidArgument, match="unit_count"):
        minimum_effect(ALL, Plan(), unit_count=units)
