"""The declared rule and the progress refuse what makes no sense, and say what is still needed."""

import math
from typing import Any

import pytest

from shared.errors import InvalidArgument, Reason
from shared.statistics.decision.rule import DecisionRule, Goal, Needed, Progress, has_ended, needed


@pytest.mark.parametrize(
    "fields",
    [
        {"planned_unit_count": 0},
        {"minimum_day_count": 29},
        {"minimum_day_count": -1},
        {"margin": 0.01},
        {"goal": Goal.NON_INFERIORITY},
        {"goal": Goal.NON_INFERIORITY, "margin": math.nan},
        {"indifference": 0.0},
        {"indifference": math.inf},
    ],
)
def test_rule_when_a_number_is_out_of_range_then_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        DecisionRule(**{"planned_unit_count": 1000, "maximum_day_count": 28, **fields})

    assert caught.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize("fields", [{"day_count": -1.0}, {"day_count": math.nan}, {"daily_unit_count": math.inf}])
def test_progress_when_a_number_is_not_one_then_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Progress(**{"day_count": 3, "unit_count": 100, **fields})

    assert caught.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize(
    ("day_count", "unit_count", "ended"),
    [(7, 1000, True), (6.9, 1000, False), (7, 999, False), (28, 0, True), (27.9, 999, False)],
)
def test_end_when_units_and_days_are_there_or_time_is_up_then_is_reached(
    *, day_count: float, unit_count: int, ended: bool
) -> None:
    assert has_ended(DecisionRule(1000, 28), Progress(day_count, unit_count)) == ended


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        (Progress(3, 900, 50.0), Needed(100, 4)),
        (Progress(10, 400, 50.0), Needed(600, 12)),
        (Progress(3, 2000, 50.0), Needed(0, 4)),
        (Progress(10, 400, 0.0), Needed(600, None)),
        (Progress(14, 1000), Needed(0, 0)),
    ],
)
def test_needed_when_units_or_days_lack_then_says_how_many(progress: Progress, expected: Needed) -> None:
    assert needed(DecisionRule(1000, 28), progress) == expected
