"""From the rows of the query by segments to parts of the units: the largest ones, and the names of the rest."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from services.ai.domain.analysis.contradicting_segments import MOST_SEGMENTS
from services.ai.domain.analysis.data import ArmAggregate, MetricSums, SegmentAggregates
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricKind

Row: TypeAlias = Mapping[str, Any]
"""Has the columns of the query, each with a type of its own."""

MOST_LEFT_OUT: Final = 50
LONGEST_NAME: Final = 120


def segments_of(
    rows: Mapping[str, Sequence[Row]], metric: MetricProfile
) -> tuple[tuple[SegmentAggregates, ...], tuple[str, ...]]:
    """Returns the largest segments, and the names of those that there is no room for, the largest first.

    Args:
        rows: By column; one for each of its largest values and each arm.
        metric: The primary one.
    """
    found = sorted(
        (one for column, of_column in rows.items() for one in _parts(column, of_column)),
        key=lambda one: (-one[1][0]["size"], one[0]),
    )
    fitting = [(name, arms) for name, arms in found if len(name) <= LONGEST_NAME][:MOST_SEGMENTS]
    kept = {name for name, _ in fitting}
    left = [name for name, _ in found if name not in kept]
    return (
        tuple(SegmentAggregates(name, tuple(_arm(row, metric) for row in arms)) for name, arms in fitting),
        tuple(f"{name[: LONGEST_NAME - 1]}…" if len(name) > LONGEST_NAME else name for name in left[:MOST_LEFT_OUT]),
    )


def _parts(column: str, rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yields the segments of a column by name, each with its arms; a blank value is the name of none."""
    values = dict.fromkeys(row["segment"] for row in rows)
    for value in values:
        if value.strip():
            yield f"{column}={value}", [row for row in rows if row["segment"] == value]


def _arm(row: Row, metric: MetricProfile) -> ArmAggregate:
    squares = None if metric.kind is MetricKind.PROPORTION else float(row["squares"])
    return ArmAggregate(
        row["arm"], unit_count=row["units"], sums=(MetricSums(metric.metric_id, float(row["sum"]), squares),)
    )
