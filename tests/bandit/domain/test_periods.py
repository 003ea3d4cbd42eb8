"""Which versions count and how much, against loops over the units themselves."""

from datetime import timedelta
from fractions import Fraction
from operator import itemgetter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.bandit.domain.periods import PERIODS, Memory, counted, unit_counts
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics, merged
from services.bandit.domain.trial import SKEW_TOLERANCE_SECONDS
from shared.definition.model import AllocationControls
from tests.bandit.examples import NOW, by_arm, measured

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SKEW = timedelta(seconds=SKEW_TOLERANCE_SECONDS)
INSTANT = timedelta(microseconds=1)

samples = st.lists(st.integers(-100, 100).map(lambda value: value / 4), max_size=8)
ages = st.one_of(st.none(), st.floats(0, 100).map(lambda hours: timedelta(hours=hours)))


def version(age: timedelta | None, *arms: ArmStatistics, number: int = 1) -> VersionStatistics:
    """Returns a version that was replaced so long ago; None: it serves."""
    replaced_at = None if age is None else NOW - age
    return VersionStatistics(number, replaced_at, by_arm(*arms), {arm.arm_id: 0.5 for arm in arms})


def weight(memory: Memory, age: timedelta | None) -> float:
    return memory.weight(version(age), now=NOW)


@pytest.mark.parametrize("age", [None, timedelta(0), HOUR, 1000 * DAY])
def test_weight_when_nothing_is_forgotten_then_one(age: timedelta | None) -> None:
    assert weight(Memory(), age) == 1


@pytest.mark.parametrize(
    ("age", "expected"), [(None, 1.0), (timedelta(0), 1.0), (DAY / 2, 0.5**0.5), (DAY, 0.5), (3 * DAY, 0.125)]
)
def test_weight_when_halved_by_the_day_then_by_the_days_since_it_was_replaced(
    age: timedelta | None, expected: float
) -> None:
    assert weight(Memory(half_life=DAY), age) == pytest.approx(expected)


def test_weight_when_halved_40_times_then_nothing() -> None:
    assert weight(Memory(half_life=HOUR), 40 * HOUR - INSTANT) > 0
    assert weight(Memory(half_life=HOUR), 40 * HOUR) == 0


@pytest.mark.parametrize(("age", "expected"), [(None, 1), (timedelta(0), 1), (DAY - INSTANT, 1), (DAY, 0)])
def test_weight_when_a_window_slides_then_all_within_and_nothing_beyond(age: timedelta | None, expected: float) -> None:
    assert weight(Memory(window=DAY), age) == expected


@pytest.mark.parametrize(("age", "expected"), [(None, 0), (DAY, 0), (DAY + SKEW - INSTANT, 0), (DAY + SKEW, 1)])
def test_weight_when_outcomes_are_waited_for_then_nothing_before_their_window_is_over(
    age: timedelta | None, expected: float
) -> None:
    assert weight(Memory(wait=DAY), age) == expected


def test_weight_when_clocks_differ_then_a_version_replaced_in_the_future_counts_once() -> None:
    assert weight(Memory(half_life=HOUR), -HOUR) == 1
    assert weight(Memory(window=HOUR), -HOUR) == 1


@pytest.mark.parametrize(
    ("controls", "expected"),
    [
        (AllocationControls(), Memory()),
        (AllocationControls(half_life=DAY), Memory(half_life=DAY)),
        (AllocationControls(window=DAY), Memory(window=DAY)),
        (AllocationControls(window=DAY, mature_only=True), Memory(window=DAY, wait=HOUR)),
    ],
)
def test_memory_when_controls_are_given_then_what_they_ask_for(controls: AllocationControls, expected: Memory) -> None:
    assert Memory.of(controls, HOUR) == expected


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        (Memory(), None),
        (Memory(half_life=DAY), DAY / PERIODS),
        (Memory(window=DAY, wait=HOUR), HOUR / PERIODS),
        (Memory(window=HOUR, wait=DAY), HOUR / PERIODS),
    ],
)
def test_longest_period_when_spans_are_given_then_a_16th_of_the_shortest(
    memory: Memory, expected: timedelta | None
) -> None:
    assert memory.longest_period == expected


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), samples), max_size=5))
def test_merged_when_parts_are_weighted_then_what_a_loop_over_their_values_finds(
    parts: list[tuple[float, list[float]]],
) -> None:
    units = [(Fraction(weight), Fraction(value)) for weight, sample in parts for value in sample]
    count = sum((weight for weight, _ in units), Fraction())
    total = sum((weight * value for weight, value in units), Fraction())
    mean = total / count if count else Fraction()
    deviations = sum((weight * (value - mean) ** 2 for weight, value in units), Fraction())

    found = merged("a", [(weight, measured("a", sample)) for weight, sample in parts])

    assert found.unit_count == pytest.approx(float(count), rel=1e-12)
    assert found.value_sum == pytest.approx(float(total), rel=1e-9, abs=1e-9)
    assert found.mean == pytest.approx(float(mean), rel=1e-9, abs=1e-9)
    assert found.square_deviation_sum == pytest.approx(float(deviations), rel=1e-9, abs=1e-7)


@settings(deadline=None)
@given(st.lists(st.tuples(ages, samples, samples), max_size=6))
def test_counted_when_nothing_is_forgotten_then_all_units_together(
    history: list[tuple[timedelta | None, list[float], list[float]]],
) -> None:
    versions = [version(age, measured("a", first), measured("b", second)) for age, first, second in history]

    found = counted(Memory(), "ab", versions, now=NOW)

    of_a, of_b = ([value for entry in history for value in one(entry)] for one in (itemgetter(1), itemgetter(2)))
    for arm_id, values in (("a", of_a), ("b", of_b)):
        pooled = measured(arm_id, values)
        assert found[arm_id].unit_count == pooled.unit_count
        assert found[arm_id].mean == pytest.approx(pooled.mean, abs=1e-9)
        assert found[arm_id].square_deviation_sum == pytest.approx(pooled.square_deviation_sum, abs=1e-7)


def test_counted_when_halved_then_each_unit_by_the_age_of_its_version() -> None:
    versions = [
        version(2 * DAY, measured("a", [1.0] * 8), measured("b", [4.0])),
        version(DAY, measured("a", [2.0] * 4)),
        version(None, measured("a", [3.0] * 2)),
    ]

    found = counted(Memory(half_life=DAY), ["a", "b", "c"], versions, now=NOW)

    assert found["a"].unit_count == 2 + 2 + 2
    assert found["a"].mean == pytest.approx(2)
    assert found["b"].unit_count == pytest.approx(0.25)
    assert found["c"] == ArmStatistics("c")


@settings(deadline=None)
@given(st.lists(st.tuples(ages, samples), max_size=6), st.floats(1, 50))
def test_counted_when_more_is_forgotten_then_no_unit_counts_more(
    history: list[tuple[timedelta | None, list[float]]], hours: float
) -> None:
    versions = [version(age, measured("a", sample)) for age, sample in history]
    memories = [Memory(), Memory(half_life=HOUR * hours), Memory(half_life=HOUR * hours / 2)]

    kept = [counted(memory, "a", versions, now=NOW)["a"].unit_count for memory in memories]

    assert kept == sorted(kept, reverse=True)


def test_counted_when_all_are_waited_for_then_nothing_is_known() -> None:
    versions = [version(HOUR, measured("a", [1.0])), version(None, measured("a", [1.0]))]

    assert counted(Memory(wait=DAY), "a", versions, now=NOW) == by_arm(ArmStatistics("a"))


def test_unit_counts_when_units_are_forgotten_then_they_are_in_and_those_waited_for_are_not() -> None:
    versions = [
        version(99 * DAY, measured("a", [1.0] * 5)),
        version(DAY, measured("a", [1.0] * 3), measured("b", [1.0])),
        version(None, measured("b", [1.0] * 7)),
    ]

    assert unit_counts(Memory(half_life=HOUR), "abc", versions, now=NOW) == [8, 8, 0]
    assert unit_counts(Memory(window=HOUR, wait=HOUR), "abc", versions, now=NOW) == [8, 1, 0]


def test_weight_when_a_version_serves_a_16th_of_the_half_life_then_units_are_off_by_little() -> None:
    memory = Memory(half_life=DAY)
    period = memory.longest_period
    assert period is not None

    # The oldest unit of a version was placed a period before the version was replaced.
    given_to_oldest, due = weight(memory, DAY), 0.5 ** ((DAY + period) / DAY)
    assert given_to_oldest / due - 1 == pytest.approx(2 ** (1 / 16) - 1)
    assert np.round(given_to_oldest / due - 1, 3) == 0.044
