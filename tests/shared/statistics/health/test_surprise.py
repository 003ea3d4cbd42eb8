"""Surprising lifts: each criterion on both sides of its limit."""

import numpy as np
import pytest
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.health.finding import Check, Status
from shared.statistics.health.surprise import surprising_lift
from shared.statistics.result.obstacles import Obstacle
from shared.statistics.result.report import Interval, NotEstimable
from tests.shared.statistics.simulation import Rate


def around(estimate: float, error: float = 0.001) -> Interval:
    return Interval(estimate, estimate - 1.959963984540054 * error, estimate + 1.959963984540054 * error)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("lift", "status"), [(0.1, Status.PASS), (0.101, Status.WARN)])
def test_more_than_twice_the_detectable_lift_is_surprising(lift: float, status: Status, sign: int) -> None:
    finding = surprising_lift(around(sign * lift), detectable_lift=0.05)

    assert finding.check is Check.SURPRISING_LIFT
    assert finding.status is status


def test_imprecise_estimate_is_not_surprising() -> None:
    assert surprising_lift(around(0.4, error=0.3), detectable_lift=0.05).status is Status.PASS


@pytest.mark.parametrize(("lift", "status"), [(0.098, Status.PASS), (0.1, Status.WARN)])
def test_more_than_nearly_all_past_lifts_is_surprising(lift: float, status: Status) -> None:
    past = np.linspace(-0.1, 0.1, 201)

    assert surprising_lift(around(lift), past_lifts=past).status is Status.PASS or lift > 0.099
    assert surprising_lift(around(lift), past_lifts=past).status is status


def test_few_past_lifts_are_no_limit() -> None:
    finding = surprising_lift(around(0.2), past_lifts=[0.01] * 99, detectable_lift=0.2)

    assert finding.status is Status.PASS
    assert "past_limit" not in finding.numbers


def test_typical_lift_gives_the_prior_predictive_p_value_and_the_shrunk_lift() -> None:
    finding = surprising_lift(around(0.06, error=0.01), typical_lift=0.02)

    spread = np.hypot(0.02, 0.01)
    assert finding.numbers["predictive_p_value"] == pytest.approx(2 * stats.norm.sf(0.06 / spread), rel=1e-9)
    assert finding.numbers["shrunk_lift"] == pytest.approx(0.06 * 0.8, rel=1e-9)
    assert finding.status is Status.WARN


def test_lifts_drawn_as_the_prior_says_are_rarely_surprising() -> None:
    rng = np.random.default_rng(1)
    lifts = rng.normal(0, np.hypot(0.02, 0.01), 4000)

    alarms = sum(surprising_lift(around(x, error=0.01), typical_lift=0.02).status is Status.WARN for x in lifts)

    assert Rate(alarms, 4000).agrees_with(0.01)


def test_one_sided_interval_serves() -> None:
    finding = surprising_lift(Interval(0.06, 0.06 - 0.0196, np.inf), typical_lift=0.02)

    assert finding.status is Status.WARN
    assert all(np.isfinite(number) for number in finding.numbers.values())


def test_lift_that_is_not_estimable_is_passed_on() -> None:
    finding = surprising_lift(NotEstimable(Obstacle.ZERO_CONTROL), detectable_lift=0.05)

    assert finding.status is Status.NOT_ESTIMABLE
    assert finding.obstacle is Obstacle.ZERO_CONTROL


@pytest.mark.parametrize(
    "arguments", [{}, {"detectable_lift": 0.0}, {"typical_lift": -1.0}, {"past_lifts": [0.1] * 99}]
)
def test_nothing_to_compare_with_is_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(InvalidArgument):
        surprising_lift(around(0.1), **arguments)
