"""What is not estimable, what is refused, and the report that says so."""

import math

import numpy as np
import pytest

from shared.errors import InvalidArgument
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.minimum_effect import minimum_effect
from shared.statistics.planning.plan import Equivalence, Plan
from shared.statistics.planning.power import power
from shared.statistics.planning.sample_size import sample_size
from shared.statistics.result.method import Validity
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable
from tests.shared.statistics.planning.examples import BASELINES, plan_of


def test_power_where_no_treatment_can_be_so_is_not_estimable() -> None:
    found = power(Baseline.proportion([0.1, 0.9]), Plan(), difference=0.2, unit_count=1000)

    assert found.obstacle.tolist() == [Obstacle.NONE, Obstacle.IMPOSSIBLE_VALUE]
    assert np.isnan(found.value).tolist() == [False, True]


def test_power_of_an_arm_with_less_than_two_units_is_not_estimable() -> None:
    found = power(Baseline.mean(1.0, 1.0), Plan(), difference=3.0, unit_count=[3.9, 4.0])

    assert found.obstacle.tolist() == [Obstacle.TOO_FEW_UNITS, Obstacle.NONE]


def test_power_report_says_method_figure_and_caution() -> None:
    found = power(Baseline.proportion([0.001, 0.9]), Plan(), difference=0.15, unit_count=1000)

    first, second = found.report(0), found.report(1)

    assert first.method.validity is Validity.FIXED_LOOK
    assert first.figures == {"power": float(found.value[0])}
    assert first.caution == Caution.FEW_EVENTS
    assert second.figures == {"power": NotEstimable(Obstacle.IMPOSSIBLE_VALUE)}


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
