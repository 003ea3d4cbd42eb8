"""Segments of an analysis for people: what the primary metric did in parts of the units, for learning."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from experimentation.v1 import analysis_pb2 as pb
from services.admin import tables
from services.admin.words import NOTHING, enum_name


def parts(analysis: pb.ExperimentAnalysis) -> Iterator[RenderableType]:
    """Yields a row per segment and arm, under a title, and what was left out; nothing without segments."""
    if not analysis.segments:
        return
    yield Text()
    yield Text("In parts of the units, for learning: nothing is decided by these.")
    rows = tables.rows("segment", "arm", "units", "lift", "interval", "p", "unlike the rest, p", "says")
    for one in analysis.segments:
        lift = one.answer.relative_lift if one.answer.HasField("relative_lift") else None
        rows.add_row(
            Text(one.segment),
            Text(one.arm_id),
            str(one.arm_unit_count),
            f"{lift.estimate:+.1%}" if lift else NOTHING,
            interval(lift) if lift else NOTHING,
            f"{one.answer.p_value:.3g}" if one.answer.HasField("p_value") else NOTHING,
            f"{one.interaction_p_value:.3g}" if one.HasField("interaction_p_value") else NOTHING,
            enum_name(pb.ComparisonStatus.DESCRIPTOR, one.status),
        )
    yield rows
    if analysis.left_out_segments:
        yield Text(f"Left out for want of room: {', '.join(analysis.left_out_segments)}.")


def interval(lift: pb.Interval) -> str:
    """Returns the ends of an interval."""
    low = f"{lift.low:+.1%}" if lift.HasField("low") else "-inf"
    high = f"{lift.high:+.1%}" if lift.HasField("high") else "inf"
    return f"{low} to {high}"
