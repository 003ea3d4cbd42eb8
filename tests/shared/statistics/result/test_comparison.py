"""Tests reports: numbers where there are some, reasons where there are none."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import Interval, NotEstimable

METHOD = Method("a method", Validity.FIXED_LOOK, ("an assumption",), "a paper")
SHAPE = (2, 3)


def numbers(start: float) -> NDArray[np.float64]:
    return start + np.arange(6.0).reshape(SHAPE)


def comparison(**changes: Any) -> Comparison:
    """Returns six comparisons whose numbers all differ."""
    plain = Comparison(
        method=METHOD,
        alternative=Alternative.TWO_SIDED,
        alpha=0.1,
        treatment=numbers(10),
        control=numbers(20),
        treatment_unit_count=numbers(100),
        control_unit_count=numbers(200),
        difference=numbers(30),
        standard_error=numbers(40),
        difference_low=numbers(50),
        difference_high=numbers(60),
        lift=numbers(70),
        lift_low=numbers(80),
        lift_high=numbers(90),
        p_value=numbers(0) / 10,
        obstacle=np.zeros(SHAPE, dtype=np.int8),
        lift_obstacle=np.zeros(SHAPE, dtype=np.int8),
        caution=np.zeros(SHAPE, dtype=np.int32),
    )
    return replace(plain, **changes)


def at(value: Any, dtype: Any) -> NDArray[Any]:
    """Returns an array with the value at (1, 2) and 0 elsewhere."""
    array = np.zeros(SHAPE, dtype=dtype)
    array[1, 2] = value
    return array


def nan_at(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the array with NaN at (1, 2)."""
    changed = array.copy()
    changed[1, 2] = np.nan
    return changed


def test_report_holds_the_numbers_of_its_place() -> None:
    report = comparison().report(1, 2)

    assert report.treatment == 15.0
    assert report.control == 25.0
    assert report.treatment_unit_count == 105
    assert report.control_unit_count == 205
    assert report.difference == Interval(35.0, 55.0, 65.0)
    assert report.lift == Interval(75.0, 85.0, 95.0)
    assert report.p_value == 0.5


def test_report_says_how_and_under_what() -> None:
    report = comparison().report(0, 0)

    assert report.method is METHOD
    assert report.alternative is Alternative.TWO_SIDED
    assert report.confidence_level == 0.9
    assert report.caution is Caution.NONE


def test_report_when_an_obstacle_stands_gives_no_numbers() -> None:
    stopped = comparison(
        obstacle=at(Obstacle.ZERO_VARIANCE, np.int8), lift_obstacle=at(Obstacle.ZERO_VARIANCE, np.int8)
    ).report(1, 2)

    expected = NotEstimable(Obstacle.ZERO_VARIANCE)
    assert (stopped.difference, stopped.lift, stopped.p_value) == (expected, expected, expected)
    assert stopped.treatment == 15.0


def test_report_when_an_obstacle_stands_elsewhere_is_not_touched() -> None:
    changed = comparison(obstacle=at(Obstacle.ZERO_VARIANCE, np.int8))

    assert changed.report(0, 1) == comparison().report(0, 1)


def test_report_when_only_the_lift_has_an_obstacle_keeps_the_difference() -> None:
    report = comparison(lift_obstacle=at(Obstacle.ZERO_CONTROL, np.int8)).report(1, 2)

    assert report.lift == NotEstimable(Obstacle.ZERO_CONTROL)
    assert report.difference == Interval(35.0, 55.0, 65.0)
    assert report.p_value == 0.5


@pytest.mark.parametrize("arm", ["treatment", "control"])
def test_report_when_an_arm_has_no_value_says_so(arm: str) -> None:
    obstacle = at(Obstacle.NO_UNITS, np.int8)
    value = nan_at(getattr(comparison(), arm))

    report = comparison(**{arm: value}, obstacle=obstacle, lift_obstacle=obstacle).report(1, 2)

    assert getattr(report, arm) == NotEstimable(Obstacle.NO_UNITS)


def test_report_carries_all_cautions() -> None:
    flags = at(Caution.FEW_UNITS | Caution.SKEWED, np.int32)

    assert comparison(caution=flags).report(1, 2).caution == Caution.FEW_UNITS | Caution.SKEWED


def test_report_of_a_single_comparison_needs_no_index() -> None:
    plain = comparison()
    arrays = {field.name: getattr(plain, field.name) for field in fields(plain)}
    single = {name: array[1, 2] for name, array in arrays.items() if isinstance(array, np.ndarray)}

    report = comparison(**single).report()

    assert report == plain.report(1, 2)


def test_report_holds_plain_python_numbers() -> None:
    report = comparison().report(0, 1)

    assert type(report.p_value) is float
    assert type(report.treatment_unit_count) is int
    assert isinstance(report.difference, Interval)
    assert type(report.difference.low) is float
