"""What of given segments cannot be: each field at fault is named, with code and reason."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest

from services.ai.domain.analysis import contradictions
from services.ai.domain.analysis.data import Aggregates, MetricSums, SegmentAggregates
from shared.errors import InvalidArgument, Kind, Reason
from tests.ai.domain.analysis.examples import conversions
from tests.ai.domain.analysis.segmented import COUNTS, segmented, spending

Change: TypeAlias = Callable[[Aggregates], Aggregates]

GOOD = segmented()
SPENT = spending(
    {
        "device=a": {arm: np.random.default_rng(1).normal(5, 2, 400) for arm in ("control", "blue")},
        "device=b": {arm: np.random.default_rng(2).normal(9, 2, 600) for arm in ("control", "blue")},
    }
)


def fields_of(data: Aggregates) -> list[str]:
    with pytest.raises(InvalidArgument) as refused:
        contradictions.check(data)
    assert (refused.value.kind, refused.value.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD)
    return [violation.field for violation in refused.value.violations]


def segment(place: int, **changes: object) -> Change:
    """Returns what changes one segment."""

    def change(data: Aggregates) -> Aggregates:
        segments = list(data.segments)
        segments[place] = replace(segments[place], **changes)  # type: ignore[arg-type]
        return replace(data, segments=tuple(segments))

    return change


def arm(place: int, **changes: object) -> Change:
    """Returns what changes the treatment of one segment."""

    def change(data: Aggregates) -> Aggregates:
        control, blue = data.segments[place].arms
        return segment(place, arms=(control, replace(blue, **changes)))(data)  # type: ignore[arg-type]

    return change


@pytest.mark.parametrize("data", [GOOD, SPENT, segmented({**COUNTS, "country=de": {"control": (10_000, 1_000)}})])
def test_check_when_segments_are_parts_of_the_whole_then_they_pass(data: Aggregates) -> None:
    contradictions.check(data)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (segment(1, segment="device=mobile"), "aggregates.segments[1].segment"),
        (segment(1, segment="desktop"), "aggregates.segments[1].segment"),
        (segment(1, segment="device= "), "aggregates.segments[1].segment"),
        (arm(0, arm_id="green"), "aggregates.segments[0].arms[1].arm_id"),
        (arm(0, arm_id="control"), "aggregates.segments[0].arms[1].arm_id"),
        (arm(0, unit_count=-1, sums=()), "aggregates.segments[0].arms[1].unit_count"),
        (arm(0, unit_count=10_001), "aggregates.segments[0].arms[1].unit_count"),
        (arm(0, sums=(MetricSums("conversion", 6_001),)), "aggregates.segments[0].arms[1].sums[0].value_sum"),
        (arm(0, sums=(MetricSums("taps", 1),)), "aggregates.segments[0].arms[1].sums[0].metric_id"),
        (arm(0, sums=()), "aggregates.segments[0].arms[1].sums"),
        # Each alone could be a part; both together are more than the whole.
        (arm(1, unit_count=4_001), "aggregates.segments[1].arms[1].unit_count"),
        (arm(1, sums=(MetricSums("conversion", 401),)), "aggregates.segments[1].arms[1].sums[0].value_sum"),
        # More converters would be left than units.
        (arm(1, sums=(MetricSums("conversion", 399),)), "aggregates.segments[1].arms[1].sums[0].value_sum"),
    ],
)
def test_check_when_a_segment_cannot_be_a_part_then_its_field_is_named(change: Change, field: str) -> None:
    assert field in fields_of(change(GOOD))


@pytest.mark.parametrize(("scale", "squares"), [(1.0, 3.0), (3.0, 9.0), (-20.0, 400.0)])
def test_check_when_what_is_left_of_values_cannot_be_then_the_sum_is_named(scale: float, squares: float) -> None:
    sums = SPENT.segments[0].arms[1].sums[0]
    assert sums.value_square_sum is not None
    odd = MetricSums("spend", scale * sums.value_sum, squares * sums.value_square_sum)

    assert fields_of(arm(0, sums=(odd,))(SPENT))[0] == "aggregates.segments[0].arms[1].sums[0].value_sum"


def test_check_when_the_whole_was_not_measured_then_neither_were_its_parts() -> None:
    bare = replace(GOOD, arms=(GOOD.arms[0], replace(GOOD.arms[1], sums=())))

    assert fields_of(bare) == ["aggregates.segments[0].arms[1].sums", "aggregates.segments[1].arms[1].sums"]
    contradictions.check(arm(1, sums=())(arm(0, sums=())(bare)))


def test_check_when_there_are_too_many_segments_then_they_are_refused() -> None:
    many = tuple(SegmentAggregates(f"city={place}", (conversions("control", 1, 0),)) for place in range(51))

    assert fields_of(replace(GOOD, segments=many)) == ["aggregates.segments"]


def test_check_when_dimensions_overlap_then_each_may_have_all_units() -> None:
    again = tuple(replace(one, segment=one.segment.replace("device", "form")) for one in GOOD.segments)

    contradictions.check(replace(GOOD, segments=(*GOOD.segments, *again)))
