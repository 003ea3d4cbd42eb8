"""The units that one metric takes."""

from dataclasses import replace

import pytest
from scipy import stats

from services.ai.domain.design.sample import plan_size
from services.ai.domain.metrics import MetricProfile, TrafficProfile
from shared.errors import InvalidArgument, Reason
from tests.ai.domain.design.test_engine import CONVERSION, REVENUE


def test_plan_size_when_a_mean_is_planned_then_the_units_of_the_t_test() -> None:
    found = plan_size(REVENUE, relative_mde=0.1)

    # Two normal arms: 2 (z + z)^2 (s / d)^2, and a quarter of z^2 for Student's t.
    z = stats.norm.isf(0.025)
    assert found.units_per_arm == pytest.approx(2 * (z + stats.norm.isf(0.2)) ** 2 * (20 / 0.5) ** 2 + z**2 / 4, abs=1)
    assert found.unit_count == 2 * found.units_per_arm
    assert (found.weeks, found.detectable_lifts) == (None, ())


def test_plan_size_when_several_treatments_are_compared_then_alpha_is_shared() -> None:
    three, strict = (
        plan_size(CONVERSION, relative_mde=0.1, arm_count=3),
        plan_size(CONVERSION, relative_mde=0.1, alpha=0.025),
    )

    assert three.units_per_arm == strict.units_per_arm
    assert three.unit_count == 3 * three.units_per_arm


def test_plan_size_when_traffic_is_known_then_whole_weeks_and_a_table() -> None:
    found = plan_size(CONVERSION, relative_mde=0.1, traffic=TrafficProfile(2_000, 0.5))

    assert found.weeks == -(-found.unit_count // 7_000)
    assert len(found.detectable_lifts) == 8


@pytest.mark.parametrize(
    ("metric", "mde", "arms", "field"),
    [
        (replace(CONVERSION, baseline=None), 0.1, 2, "metric.baseline"),
        (CONVERSION, 0.1, 1, "arm_count"),
        (CONVERSION, 0.0, 2, "relative_mde"),
        (replace(CONVERSION, baseline=0.9), 0.2, 2, "relative_mde"),
    ],
)
def test_plan_size_when_it_cannot_be_planned_then_it_asks(
    metric: MetricProfile, mde: float, arms: int, field: str
) -> None:
    with pytest.raises(InvalidArgument) as raised:
        plan_size(metric, relative_mde=mde, arm_count=arms)

    assert raised.value.reason is Reason.INVALID_FIELD
    assert [violation.field for violation in raised.value.violations] == [field]
