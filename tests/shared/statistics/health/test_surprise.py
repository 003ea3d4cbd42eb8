"""Surprising lifts: each criterion on both sides of its limit, and how often it alarms."""

import numpy as np
import pytest
from scipy import integrate, stats

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


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_one_sided_interval_has_the_standard_error_of_the_two_sided_one(level: float) -> None:
    one, two = 0.01 * stats.norm.isf(1 - level), 0.01 * stats.norm.isf((1 - level) / 2)
    both = surprising_lift(Interval(0.06, 0.06 - two, 0.06 + two), typical_lift=0.02, confidence_level=level)

    for interval in (Interval(0.06, 0.06 - one, np.inf), Interval(0.06, -np.inf, 0.06 + one)):
        finding = surprising_lift(interval, typical_lift=0.02, confidence_level=level)
        assert finding.numbers == pytest.approx(dict(both.numbers), rel=1e-9)


def test_interval_without_ends_is_not_surprising() -> None:
    finding = surprising_lift(Interval(0.06, -np.inf, np.inf), typical_lift=0.02)

    assert finding.status is Status.PASS
    assert finding.numbers["predictive_p_value"] == 1
    assert finding.numbers["shrunk_lift"] == 0


def test_one_sided_lifts_drawn_as_the_prior_says_are_half_as_often_surprising() -> None:
    lifts = np.random.default_rng(2).normal(0, np.hypot(0.001, 0.01), 4000)
    below = 0.01 * stats.norm.isf(0.05)

    alarms = sum(
        surprising_lift(Interval(x, x - below, np.inf), typical_lift=0.001).status is Status.WARN for x in lifts
    )

    assert Rate(alarms, 4000).agrees_with(0.005)


def test_shrunk_lift_is_the_mean_of_the_posterior_by_quadrature() -> None:
    def density(true: float) -> float:
        return float(stats.norm.pdf(true, 0, 0.02) * stats.norm.pdf(0.06, true, 0.01))

    mass, moment = (
        integrate.quad(lambda x, k=k: x**k * density(x), -0.2, 0.3, epsabs=0, points=[0.048])[0] for k in (0, 1)
    )
    numbers = surprising_lift(around(0.06, error=0.01), typical_lift=0.02).numbers

    assert numbers["shrunk_lift"] == pytest.approx(moment / mass, rel=1e-8)


@pytest.mark.parametrize(("true", "expected"), [(0.0, 0.0), (1.0, stats.norm.sf(2.8)), (3.0, stats.norm.cdf(2.8))])
def test_twice_the_detectable_lift_is_rarely_passed_by_it_and_often_by_three_times_it(
    true: float, expected: float
) -> None:
    """With power .8 at the detectable lift, its standard error is 1 / 2.8 of it."""
    estimates = 0.05 * (true + np.random.default_rng(3).normal(size=4000) / 2.8)

    alarms = sum(surprising_lift(around(x, 0.05 / 2.8), detectable_lift=0.05).status is Status.WARN for x in estimates)

    assert Rate(alarms, 4000).agrees_with(expected)


@pytest.mark.parametrize(("past_count", "repetitions"), [(100, 4000), (1000, 2000)])
def test_one_more_lift_of_the_past_passes_its_limit_as_often_as_ranks_say(past_count: int, repetitions: int) -> None:
    """The limit is between two order statistics, each of which has its chance by symmetry."""
    lifts = np.random.default_rng(4).standard_t(4, (repetitions, past_count + 1)) / 50

    alarms = Rate(
        sum(surprising_lift(around(row[0], 1e-9), past_lifts=row[1:]).status is Status.WARN for row in lifts),
        repetitions,
    )

    assert alarms.is_at_least(np.floor(0.01 * (past_count - 1)) / (past_count + 1))
    assert alarms.is_at_most((np.floor(0.01 * (past_count - 1)) + 2) / (past_count + 1))


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
