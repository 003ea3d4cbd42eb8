"""Minimum data and power on both sides of each threshold."""

import pytest

from shared.errors import InvalidArgument
from shared.statistics.health.finding import Check, Status
from shared.statistics.health.minimum_data import minimum_data, power_reached


@pytest.mark.parametrize(
    ("units", "days", "conversions", "skewness", "status"),
    [
        ([100, 100], 7, None, None, Status.PASS),
        ([99, 100], 7, None, None, Status.NOT_ESTIMABLE),
        ([100, 100], 6, None, None, Status.NOT_ESTIMABLE),
        ([1000, 1000], 7, [100, 100], None, Status.PASS),
        ([1000, 1000], 7, [100, 99], None, Status.NOT_ESTIMABLE),
        ([1420, 1420], 7, None, 2.0, Status.PASS),
        ([1419, 1420], 7, None, -2.0, Status.NOT_ESTIMABLE),
    ],
)
def test_minimum_data_at_each_boundary(
    units: list[int], days: int, conversions: list[int] | None, skewness: float | None, status: Status
) -> None:
    finding = minimum_data(units, days, conversion_counts=conversions, skewness=skewness)

    assert finding.check is Check.MINIMUM_DATA
    assert finding.status is status
    assert finding.numbers["unit_count"] == min(units)


def test_minimum_data_message_names_what_is_there_and_what_is_needed() -> None:
    assert minimum_data([50, 70], 3, conversion_counts=[5, 6]).message == (
        "too early: 50 of 100 units in the smallest arm, 3 of 7 days, 5 of 100 conversions in the arm with fewest"
    )


@pytest.mark.parametrize(
    ("units", "days", "conversions"),
    [([], 7, None), ([-1, 2], 7, None), ([5, 5], -1, None), ([5, 5], 7, [6, 5]), ([5, 5], 7, [5])],
)
def test_bad_input_is_refused(units: list[int], days: int, conversions: list[int] | None) -> None:
    with pytest.raises(InvalidArgument):
        minimum_data(units, days, conversion_counts=conversions)


@pytest.mark.parametrize("skewness", [float("nan"), float("inf")])
def test_skewness_that_is_no_number_is_refused(skewness: float) -> None:
    with pytest.raises(InvalidArgument):
        minimum_data([5, 5], 7, skewness=skewness)


@pytest.mark.parametrize(
    ("units", "status", "word"),
    [
        (1000, Status.PASS, "enough"),
        (999, Status.WARN, "not enough"),
        (500, Status.WARN, "not enough"),
        (499, Status.WARN, "speculative"),
    ],
)
def test_power_by_the_share_of_planned_units(units: int, status: Status, word: str) -> None:
    finding = power_reached(units, 1000)

    assert finding.status is status
    assert finding.check is Check.POWER
    assert finding.message.endswith(f": {word}")
    assert finding.numbers["share"] == units / 1000


@pytest.mark.parametrize(("units", "planned"), [(-1, 10), (1, 0)])
def test_power_of_impossible_counts_is_refused(units: int, planned: int) -> None:
    with pytest.raises(InvalidArgument):
        power_reached(units, planned)
