"""From the rows of the query to the data of an analysis; what contradicts itself is refused, with its column."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from services.ai.domain.analysis.data import Aggregates, ArmAggregate, MetricSums
from services.ai.domain.analysis.defined import arm_ids_of, planned_shares_of
from services.ai.domain.jobs import WarehouseTable
from services.ai.domain.metrics import MetricProfile
from services.ai.warehouse.query import MOST_ARMS
from shared.definition.model import Experiment, MetricKind
from shared.errors import FieldViolation, invalid_field, invalid_fields

Row: TypeAlias = Mapping[str, Any]
"""Has the columns of the query, each with a type of its own."""

_PATH: Final = "warehouse_table"


def aggregates_of(
    rows: Sequence[Row],
    table: WarehouseTable,
    metrics: Sequence[MetricProfile],
    experiment: Experiment | None,
    *,
    now: datetime,
) -> Aggregates:
    """Returns the data.

    Args:
        rows: One for each arm, and at most one without.
        table: What was asked for.
        metrics: In the order of the query's places.
        experiment: Whose arms they are; None: the arms are those of the table.
        now: The latest that a unit can have been seen.

    Raises:
        InvalidArgument: INVALID_FIELD: the table contradicts itself.
    """
    violations = [*_contradictions(rows, table, metrics), *_strange_times(rows, table, now)]
    if violations:
        raise invalid_fields(violations)
    by_arm = {row["arm"]: row for row in rows if row["arm"] is not None}
    arm_ids = _arm_ids(by_arm, table, experiment)
    shares = planned_shares_of(experiment) if experiment else {}
    several = sum(row["units"] for row in rows if row["arm"] is None)
    arms = tuple(
        ArmAggregate(
            arm_id,
            control=place == 0,
            planned_share=shares.get(arm_id, 0.0),
            unit_count=by_arm[arm_id]["units"] if arm_id in by_arm else 0,
            sums=tuple(_sums(by_arm.get(arm_id), metrics)),
        )
        for place, arm_id in enumerate(arm_ids)
    )
    if several > sum(arm.unit_count for arm in arms):
        raise invalid_field(f"{_PATH}.arm_column", f"{several} units were seen in several arms: most of them")
    return Aggregates(
        arms,
        tuple(metrics),
        as_of=_time(rows, "last", max) or now,
        started_at=_time(rows, "first", min),
        multiple_exposure_count=several,
    )


def _arm_ids(by_arm: Mapping[str, Row], table: WarehouseTable, experiment: Experiment | None) -> tuple[str, ...]:
    """Returns the arms, the control first."""
    control = table.control_arm_id or (experiment.control.arm_id if experiment else "")
    known = arm_ids_of(experiment) if experiment else tuple(sorted(by_arm))
    if not control:
        raise invalid_field(f"{_PATH}.control_arm_id", "is missing, as the experiment is not one of this store")
    strangers = sorted(set(by_arm) - set(known))
    if strangers:
        raise invalid_field(f"{_PATH}.arm_column", f"has {strangers[0][:63]!r}, which is no arm of the experiment")
    if control not in known:
        raise invalid_field(f"{_PATH}.control_arm_id", f"{control}, there is no such arm")
    if len(known) < 2:
        raise invalid_field(f"{_PATH}.arm_column", "has units of one arm alone, must have two or more")
    return (control, *(arm_id for arm_id in known if arm_id != control))


def _sums(row: Row | None, metrics: Sequence[MetricProfile]) -> Iterator[MetricSums]:
    for place, metric in enumerate(metrics):
        total, squares = (row[f"sum_{place}"], row[f"squares_{place}"]) if row else (0.0, 0.0)
        binary = metric.kind is MetricKind.PROPORTION
        yield MetricSums(metric.metric_id, float(total), None if binary else float(squares))


def _contradictions(
    rows: Sequence[Row], table: WarehouseTable, metrics: Sequence[MetricProfile]
) -> Iterator[FieldViolation]:
    if sum(row["arm"] is not None for row in rows) > MOST_ARMS:
        yield FieldViolation(f"{_PATH}.arm_column", f"{table.arm_column}, has more than {MOST_ARMS} arms")
    for name, column, what in (
        ("nameless", "unit_column", "has rows without a unit"),
        ("armless", "arm_column", "is empty in {} rows"),
        ("repeated", "unit_column", "has {} units with several rows, must have one for each"),
    ):
        if count := _total(rows, name):
            yield FieldViolation(f"{_PATH}.{column}", what.format(count))
    for place, metric in enumerate(metrics):
        where = f"{_PATH}.metric_columns[{place}].column"
        if count := _total(rows, f"odd_{place}"):
            yield FieldViolation(where, f"has {count} values that are no finite numbers")
        other = _total([row for row in rows if row["arm"] is not None], f"other_{place}")
        if metric.kind is MetricKind.PROPORTION and other:
            yield FieldViolation(where, f"has {other} values that are neither 0 nor 1, and no rate is made of such")


def _strange_times(rows: Sequence[Row], table: WarehouseTable, now: datetime) -> Iterator[FieldViolation]:
    latest = _time(rows, "last", max)
    if latest is not None and latest > now:
        yield FieldViolation(f"{_PATH}.time_column", f"{table.time_column}, has times after now, {latest.isoformat()}")


def _total(rows: Sequence[Row], column: str) -> int:
    return sum(int(row[column] or 0) for row in rows)


def _time(rows: Sequence[Row], column: str, chosen: Any) -> datetime | None:
    """Returns the first or the last time; those without a zone are in UTC."""
    found = [row[column] for row in rows if row.get(column) is not None]
    if not found:
        return None
    at: datetime = chosen(found)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
