"""Freshness and completeness on both sides of their thresholds, and how often they alarm for nothing."""

from datetime import UTC, datetime, timedelta
from math import exp, log
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.health.finding import Check, Status
from shared.statistics.health.freshness import completeness, expected_counts, freshness, lower_tail
from shared.statistics.result.obstacles import Obstacle
from tests.shared.statistics.simulation import Rate

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEEK = np.array([1.0, 1.1, 1.05, 1.0, 0.9, 0.4, 0.3])
Floats = NDArray[np.float64]


@pytest.mark.parametrize(
    ("hours", "status"),
    [(0, Status.PASS), (6, Status.PASS), (6.1, Status.WARN), (12, Status.WARN), (12.1, Status.FAIL)],
)
def test_freshness_warns_after_one_delay_and_fails_after_two(hours: float, status: Status) -> None:
    finding = freshness(NOW - timedelta(hours=hours), NOW, expected_delay=timedelta(hours=6))

    assert finding.status is status
    assert finding.check is Check.FRESHNESS
    assert finding.numbers["age_hours"] == pytest.approx(hours)


@pytest.mark.parametrize(
    ("as_of", "delay"),
    [
        (NOW + timedelta(seconds=1), timedelta(hours=1)),
        (NOW.replace(tzinfo=None), timedelta(hours=1)),
        (NOW, timedelta(0)),
    ],
)
def test_freshness_of_impossible_times_is_refused(as_of: datetime, delay: timedelta) -> None:
    with pytest.raises(InvalidArgument):
        freshness(as_of, NOW, expected_delay=delay)


def test_day_without_rows_fails_and_is_named() -> None:
    counts = np.tile(np.round(1000 * WEEK), 3)
    counts[10] = 0

    finding = completeness(counts)

    assert finding.check is Check.COMPLETENESS
    assert finding.status is Status.FAIL
    assert finding.numbers["gap_day_count"] == 1
    assert finding.numbers["worst_day_index"] == 10
    assert finding.numbers["worst_day_expected_count"] == pytest.approx(1000, rel=0.2)


def test_day_without_rows_in_the_first_two_weeks_may_be_its_weekdays_way() -> None:
    assert completeness([900, 1100, 1000, 1000, 1050, 0, 980, 1000]).status is Status.WARN


def test_weekends_without_rows_are_no_gap() -> None:
    counts = np.tile([1000, 1100, 1050, 1000, 900, 0, 0], 3)

    assert completeness(counts).status is Status.PASS


def test_day_of_a_tenth_is_short() -> None:
    counts = np.tile(np.round(1000 * WEEK), 3)
    counts[9] = 100

    finding = completeness(counts)

    assert finding.status is Status.WARN
    assert finding.numbers["short_day_count"] == 1


def test_day_of_little_less_is_not_worth_an_alarm() -> None:
    counts = np.tile(np.round(1000 * WEEK), 3)
    counts[9] = 700

    assert completeness(counts).status is Status.PASS


def test_bad_day_hardly_moves_what_it_is_held_against() -> None:
    counts = np.tile(np.round(1000 * WEEK), 3)
    worse = counts.copy()
    worse[9] = 1

    assert expected_counts(worse)[9] == pytest.approx(expected_counts(counts)[9], rel=0.2)


def slow_expected(counts: list[int]) -> list[float]:
    """Judges one day at a time as the module says."""
    days, logs = len(counts), [log(count + 0.5) for count in counts]
    width = 14 if days >= 14 else 7

    def level(day: int) -> float:
        start = min(max(day - width // 2, 0), days - width)
        return median(logs[one] for one in range(start, start + width) if one != day)

    def factor(day: int) -> float:
        alike = [one for one in range(days) if one % 7 == day % 7 and one != day]
        return median(logs[one] - level(one) for one in alike) if days >= 14 else 0.0

    return [max(exp(level(day) + factor(day)) - 0.5, 0.0) for day in range(days)]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 10**6), min_size=7, max_size=50))
def test_expected_counts_are_those_of_a_slow_reference(counts: list[int]) -> None:
    found = expected_counts(np.array(counts, dtype=np.float64))

    assert found == pytest.approx(slow_expected(counts), rel=1e-9, abs=1e-9)


def test_lower_tail_without_dispersion_is_poisson() -> None:
    counts, expected = np.array([97.0, 100, 103, 100, 60]), np.full(5, 100.0)

    assert lower_tail(counts, expected) == pytest.approx(stats.poisson.cdf(counts, 100), rel=1e-9)


def test_lower_tail_with_dispersion_is_negative_binomial() -> None:
    counts, expected = np.array([50.0, 160, 100, 130, 60, 10]), np.full(6, 100.0)
    dispersion = np.median(((counts - 100) ** 2 / stats.chi2.median(1) - 100) / 100**2)
    size = 1 / dispersion

    assert lower_tail(counts, expected) == pytest.approx(stats.nbinom.cdf(counts, size, size / (size + 100)), rel=1e-9)


def test_too_few_days_are_not_estimable() -> None:
    finding = completeness([100] * 6)

    assert finding.status is Status.NOT_ESTIMABLE
    assert finding.obstacle is Obstacle.TOO_FEW_DAYS


@pytest.mark.parametrize("counts", [[1, -1], [1.5] * 8, [[1] * 8], [float("nan")] * 8])
def test_counts_that_are_none_are_refused(counts: list[float]) -> None:
    with pytest.raises(InvalidArgument):
        completeness(counts)


def drawn(rng: np.random.Generator, days: int, mean: float, dispersion: float, decline: float) -> Floats:
    day = np.arange(days)
    level = mean * WEEK[day % 7] * np.exp(-decline * day)
    return np.asarray(rng.poisson(rng.gamma(1 / dispersion, level * dispersion)), dtype=np.float64)


@pytest.mark.parametrize("days", [14, 21, 42])
@pytest.mark.parametrize(("mean", "dispersion", "decline"), [(1000, 0.01, 0.0), (1e5, 0.003, 0.02), (50, 0.001, 0.05)])
def test_whole_series_alarms_for_nothing_in_one_of_a_hundred(
    days: int, mean: float, dispersion: float, decline: float
) -> None:
    rng = np.random.default_rng(days)
    alarms = sum(
        completeness(drawn(rng, days, mean, dispersion, decline)).status is not Status.PASS for _ in range(400)
    )

    assert Rate(alarms, 400).is_at_most(0.01)


@pytest.mark.parametrize("days", [14, 21, 42])
def test_day_that_lost_nine_rows_in_ten_is_found(days: int) -> None:
    rng, found = np.random.default_rng(days + 100), 0
    for _ in range(300):
        counts = drawn(rng, days, 1000, 0.003, 0.01)
        lost = rng.integers(days)
        counts[lost] = np.floor(counts[lost] / 10)
        found += completeness(counts).status is Status.WARN

    assert Rate(found, 300).is_at_least(0.9)


def test_days_that_vary_by_a_fifth_alarm_for_nothing_more_often_than_alpha_but_rarely() -> None:
    """Dispersion is estimated from the same days, so that alpha is nominal where they are few and vary much."""
    rng = np.random.default_rng(14)
    found = [completeness(drawn(rng, 14, 1000, 0.05, 0.0)).status for _ in range(1000)]

    assert not Rate(1000 - found.count(Status.PASS), 1000).is_at_most(0.001)
    assert Rate(1000 - found.count(Status.PASS), 1000).is_at_most(0.02)
    assert Status.FAIL not in found


@pytest.mark.parametrize("days", [14, 42])
@pytest.mark.parametrize("missing", [1, 3, 7])
def test_days_without_rows_fail_wherever_they_are(days: int, missing: int) -> None:
    rng, found = np.random.default_rng(days + missing), 0
    for run in range(200):
        counts = drawn(rng, days, 1000, 0.003, 0.01)
        first = days - missing if run % 2 else int(rng.integers(days - missing + 1))
        counts[first : first + missing] = 0
        finding = completeness(counts)
        found += finding.status is Status.FAIL and finding.numbers["gap_day_count"] == missing

    assert Rate(found, 200).is_at_least(0.99)


@pytest.mark.parametrize(("days", "at_least"), [(14, 0.9), (42, 0.99)])
def test_day_that_lost_seven_rows_in_ten_is_found(days: int, at_least: float) -> None:
    rng, found = np.random.default_rng(days + 200), 0
    for _ in range(300):
        counts = drawn(rng, days, 1000, 0.003, 0.01)
        lost = rng.integers(days)
        counts[lost] = np.floor(0.3 * counts[lost])
        found += completeness(counts).status is Status.WARN

    assert Rate(found, 300).is_at_least(at_least)
