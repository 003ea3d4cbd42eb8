from dataclasses import replace

import pytest
from scipy.stats import norm

from services.ai.domain.hypotheses.model import EffectDirection, RequiredTest
from services.ai.domain.hypotheses.planning import required_test
from services.ai.domain.metrics import MetricProfile, SegmentBaseline, TrafficProfile
from shared.definition.model import MetricKind
from tests.ai.domain.hypotheses.examples import CHECKOUT, REVENUE, TRAFFIC

UP, DOWN = EffectDirection.INCREASE, EffectDirection.DECREASE


def test_units_of_a_rate() -> None:
    metric = replace(CHECKOUT, baseline=0.05, relative_mde=0.1)
    spread = 0.05 * 0.95 + 0.055 * 0.945

    found = required_test(metric, UP)

    assert found.units_per_arm == pytest.approx((norm.ppf(0.975) + norm.ppf(0.8)) ** 2 * spread / 0.005**2, rel=1e-3)


def test_units_of_a_mean_shrink_by_what_the_past_explains() -> None:
    plain = required_test(REVENUE, UP).units_per_arm

    assert plain == pytest.approx(2 * (1.959964 + 0.841621) ** 2 * 20**2 / (0.05 * 4) ** 2, rel=1e-3)
    helped = required_test(replace(REVENUE, pre_period_correlation=0.6), UP).units_per_arm
    assert helped == pytest.approx(plain * (1 - 0.36), rel=1e-3)


def test_weeks_are_whole_and_bring_the_units() -> None:
    found = required_test(CHECKOUT, UP, traffic=TRAFFIC)

    assert found.weeks is not None
    assert 7 * TRAFFIC.participants_per_day * (found.weeks - 1) < 2 * found.units_per_arm
    assert 7 * TRAFFIC.participants_per_day * found.weeks >= 2 * found.units_per_arm


def test_a_segment_has_its_own_baseline_and_its_part_of_the_traffic() -> None:
    segment = SegmentBaseline("mobile", 0.1, CHECKOUT.unit_count // 10)

    found = required_test(CHECKOUT, UP, traffic=TRAFFIC, segment=segment)
    alike = required_test(
        replace(CHECKOUT, baseline=0.1), UP, traffic=TrafficProfile(TRAFFIC.units_per_day / 10, TRAFFIC.share)
    )

    assert found == alike
    assert required_test(CHECKOUT, UP, traffic=TRAFFIC, segment=replace(segment, unit_count=0)).weeks is None


@pytest.mark.parametrize(
    "metric",
    [
        replace(CHECKOUT, baseline=None),
        replace(CHECKOUT, baseline=0.0),
        replace(CHECKOUT, baseline=1.0),
        replace(CHECKOUT, baseline=0.99),
        replace(CHECKOUT, baseline=1e-300),
        replace(REVENUE, baseline=1e-300),
        replace(REVENUE, standard_deviation=1e-300),
        replace(REVENUE, standard_deviation=None),
        replace(REVENUE, baseline=0.0),
    ],
)
def test_what_is_not_known_is_not_planned(metric: MetricProfile) -> None:
    assert required_test(metric, UP, traffic=TRAFFIC) == RequiredTest(0.05)


def test_no_weeks_without_traffic_or_beyond_years() -> None:
    assert required_test(CHECKOUT, UP).weeks is None
    assert required_test(CHECKOUT, UP, traffic=TrafficProfile(1.0)).weeks is None


def test_a_decrease_of_a_rate_takes_other_units_than_an_increase() -> None:
    assert required_test(CHECKOUT, DOWN).units_per_arm < required_test(CHECKOUT, UP).units_per_arm
    assert required_test(MetricProfile("m", MetricKind.MEAN, baseline=1.0, standard_deviation=1.0), DOWN).units_per_arm
