"""Freshness and completeness: are the data recent, and are days of them missing?

A day's expected count is its level times its weekday's factor: the level is the median of the two weeks around it (of
one, where there are no two), the factor the median of what the same weekday has above or below its level in other
weeks. A day itself is in neither, so that a bad day does not hide itself and distances tell honestly how days vary.
They do as a negative binomial, variance m + m^2 f, with f such that the median day is a usual one (robust, in the
manner of Noufaily et al. 2013). A day is short when it has less than half of what is expected and so few are less
likely than alpha shared by the days (Bonferroni). A week of bad days passes for a new level: what the traffic does for
good is no fault of the data.
"""

from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shared.errors import invalid_field
from shared.statistics.health.finding import Check, Finding, Status, not_estimable
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Obstacle

Floats = NDArray[np.float64]

LATE_FACTOR: Final = 2.0
"""Our own: data that are late by one delay are a warning, by two or more a failure."""

FEWEST_DAYS: Final = 7
"""Below it there are no six days around each."""

WEEKDAY_DAYS: Final = 14
"""Two weeks: before, a quiet weekday cannot be told from a bad day, and a day without rows is a warning at most."""

SHORT_SHARE: Final = 0.5
"""Our own: traffic that halves for a day by itself is rare; smaller dips are not worth an alarm."""

GAP_EXPECTATION: Final = 20.0
"""Our own: a day without any rows is a gap where at least so many were expected; by chance that is below e^-20."""

ALPHA: Final = 0.001

_MEDIAN_OF_SQUARE: Final = float(special.chdtri(1, 0.5))
"""Of a squared standard normal, 0.4549."""

_FRESHNESS_SOURCE: Final = "thresholds are ours, in units of the promised delay"
_COMPLETENESS_SOURCE: Final = "negative binomial bound, Noufaily et al. 2013; thresholds are ours"


def freshness(as_of: datetime, now: datetime, *, expected_delay: timedelta) -> Finding:
    """Returns whether the newest data are as recent as promised.

    Args:
        as_of: Time of the newest data.
        now: Time of asking, not before it.
        expected_delay: How old the newest data may be, above 0.

    Raises:
        InvalidArgument: INVALID_FIELD: only one of the times has a zone, as_of is after now, or no delay.
    """
    if (as_of.tzinfo is None) != (now.tzinfo is None):
        raise invalid_field("as_of", "both times must have a zone, or none")
    if as_of > now:
        raise invalid_field("as_of", f"{as_of.isoformat()}, must not be after now, {now.isoformat()}")
    if expected_delay <= timedelta(0):
        raise invalid_field("expected_delay", f"{expected_delay}, must be above 0")
    age, delay = (now - as_of).total_seconds() / 3600, expected_delay.total_seconds() / 3600
    late = Status.FAIL if age > LATE_FACTOR * delay else Status.WARN
    return Finding(
        Check.FRESHNESS,
        Status.PASS if age <= delay else late,
        f"the newest data are {age:.1f} hours old, {delay:.1f} are promised",
        {"age_hours": age, "expected_delay_hours": delay, "limit_hours": LATE_FACTOR * delay},
        _FRESHNESS_SOURCE,
    )


def completeness(daily_counts: ArrayLike, *, alpha: float = ALPHA) -> Finding:
    """Returns whether days are missing or have far too few rows.

    Args:
        daily_counts: Rows of each whole day, in order and without holes: a day without rows is a 0.
        alpha: Nominal chance of a false alarm over all days; few days that vary by a fifth have more (see the tests).

    Raises:
        InvalidArgument: INVALID_FIELD: not whole numbers, or not one series.
    """
    counts = checks.counts("daily_counts", daily_counts)
    if counts.ndim != 1:
        raise invalid_field("daily_counts", f"shape {counts.shape}, must be one series")
    numbers = {"day_count": float(len(counts)), "row_count": float(counts.sum())}
    if len(counts) < FEWEST_DAYS:
        return not_estimable(Check.COMPLETENESS, Obstacle.TOO_FEW_DAYS, numbers, _COMPLETENESS_SOURCE)
    expected = expected_counts(counts)
    gap = (counts == 0) & (expected >= GAP_EXPECTATION)
    rare = lower_tail(counts, expected) < checks.alpha(alpha) / len(counts)
    short = ~gap & (counts < SHORT_SHARE * expected) & rare & (len(counts) >= WEEKDAY_DAYS)
    numbers |= {"gap_day_count": float(gap.sum()), "short_day_count": float(short.sum())}
    message = f"of {len(counts)} days {gap.sum()} have no rows and {short.sum()} far too few"
    if (gap | short).any():
        worst = int(np.argmax(np.where(gap | short, expected - counts, -np.inf)))
        message += f"; day {worst} has {counts[worst]:.0f}, about {expected[worst]:.0f} are usual"
        numbers |= {
            "worst_day_index": float(worst),
            "worst_day_count": float(counts[worst]),
            "worst_day_expected_count": float(expected[worst]),
        }
    failed = gap.any() and len(counts) >= WEEKDAY_DAYS
    status = Status.FAIL if failed else Status.WARN if (gap | short).any() else Status.PASS
    return Finding(Check.COMPLETENESS, status, message, numbers, _COMPLETENESS_SOURCE)


def expected_counts(counts: Floats) -> Floats:
    """Returns what each of seven or more days should have, judged by other days only."""
    day = np.arange(len(counts))
    width = 7 if len(counts) < WEEKDAY_DAYS else 14
    log_counts = np.log(counts + 0.5)
    start = np.clip(day - width // 2, 0, len(counts) - width)
    around = start[:, None] + np.arange(width)
    others = around[around != day[:, None]].reshape(-1, width - 1)
    level = np.median(log_counts[others], axis=1)
    if len(counts) >= WEEKDAY_DAYS:
        above = log_counts - level
        level = level + [np.median(above[(day % 7 == one % 7) & (day != one)]) for one in day]
    return np.asarray(np.maximum(np.exp(level) - 0.5, 0.0))


def lower_tail(counts: Floats, expected: Floats) -> Floats:
    """Returns how likely so few are, for a negative binomial whose dispersion fits the median of the days."""
    mean = np.maximum(expected, 1e-9)
    squares = (counts - mean) ** 2
    dispersion = max(float(np.median((squares / _MEDIAN_OF_SQUARE - mean) / mean**2)), 0.0)
    if dispersion == 0:
        return np.asarray(special.pdtr(counts, mean))
    size = 1 / dispersion
    return np.asarray(special.betainc(size, counts + 1, size / (size + mean)))
