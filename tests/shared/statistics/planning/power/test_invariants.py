"""What holds for the power of any plan."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.familywise import Multiplicity
from shared.statistics.planning.monitoring import AnyTime
from shared.statistics.planning.plan import NonInferiority, Plan
from shared.statistics.planning.power import power
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Caution, Obstacle
from tests.shared.statistics.planning.examples import ALL, BASELINES, CLAIMS, MONITORINGS, effects_of, plan_of


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


def test_power_counts_clusters_and_not_units() -> None:
    baseline = Baseline.mean(1.0, 1.0).in_clusters(50.0, correlation=1.0)

    found = power(baseline, Plan(), difference=2.0, unit_count=1000)

    alone = power(Baseline.mean(1.0, 1.0), Plan(), difference=2.0, unit_count=20)
    np.testing.assert_allclose(found.value, alone.value, rtol=1e-12)
    assert found.caution == Caution.FEW_CLUSTERS


def test_each_metric_may_have_a_margin_of_its_own() -> None:
    plan = Plan(alternative=Alternative.GREATER, claim=NonInferiority([0.1, 0.2]))

    found = power(BASELINES["mean"], plan, difference=0.0, unit_count=1e6)

    alone = [Plan(alternative=Alternative.GREATER, claim=NonInferiority(margin)) for margin in (0.1, 0.2)]
    expected = [float(power(BASELINES["mean"], one, difference=0.0, unit_count=1e6).value) for one in alone]
    assert found.value.tolist() == expected
