"""Reads the sums of a table, where the data lie; nothing is written, and no row of a unit travels."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import ibis
from ibis.backends import BaseBackend
from ibis.common.exceptions import IbisError

from services.ai.domain.analysis.data import Aggregates
from services.ai.domain.analysis.defined import profiles_of
from services.ai.domain.analysis.roles import primary_of
from services.ai.domain.jobs import WarehouseTable
from services.ai.domain.metrics import MetricProfile
from services.ai.warehouse import connections, query, segments, sums
from services.ai.warehouse.connections import Connection
from shared import log
from shared.definition.model import Experiment
from shared.errors import FieldViolation, PlatformError, Reason, Unavailable, invalid_field, invalid_fields

_logger = logging.getLogger(__name__)

_RETRY_AFTER_SECONDS: Final = 5.0
_PATH: Final = "warehouse_table"


class IbisWarehouse:
    """Is `ports.Warehouse`. Safe for threads: each table is read over a connection of its own."""

    def __init__(self, known: Mapping[str, Connection]) -> None:
        self._known = known

    @classmethod
    def of_file(cls, path: Path) -> "IbisWarehouse":
        """Returns the warehouses that a file names.

        Raises:
            ConfigError: It cannot be read, or some of it is not usable.
        """
        return cls(connections.read(path))

    def aggregates(self, table: WarehouseTable, experiment: Experiment | None, *, now: datetime) -> Aggregates:
        """Returns the sums of a table.

        Units that were seen in several arms are in no sum: they are counted as such. Segments have the primary metric.

        Raises:
            InvalidArgument: INVALID_FIELD: no such connection, table or column, or the table contradicts itself.
            Unavailable: STORE_UNAVAILABLE: the warehouse cannot be reached, or does not answer.
        """
        metrics = _metrics(table, experiment)
        connection = self._known.get(table.connection)
        if connection is None:
            raise invalid_field(f"{_PATH}.connection", f"{table.connection}, there is no connection of that name")
        primary = primary_of(metrics)
        found = _read(connection, table, primary)
        whole = sums.aggregates_of(found.arms, table, metrics, experiment, now=now)
        if primary is None:
            return whole
        parts, left_out = segments.segments_of(found.segments, primary)
        return replace(whole, segments=parts, left_out_segments=left_out)


@dataclass(frozen=True, slots=True)
class _Found:
    """Is what a table has: rows by arms, and by columns rows by segments (any: each column has a type of its own)."""

    arms: list[dict[str, Any]]
    segments: dict[str, list[dict[str, Any]]]


def _read(connection: Connection, table: WarehouseTable, primary: MetricProfile | None) -> _Found:
    try:
        with connection.opened() as backend:
            return _asked(backend, connection.table(backend, table.table), table, primary)
    except PlatformError:
        raise
    except Exception as error:
        # Each engine has errors of its own; what they say may hold addresses and names of the inside.
        log.failure(_logger, "a warehouse does not answer", error, connection=table.connection)
        kind = "cannot do this" if isinstance(error, IbisError) else "does not answer"
        raise Unavailable(
            Reason.STORE_UNAVAILABLE,
            f"warehouse {table.connection!r} {kind}: {type(error).__name__}",
            metadata={"connection": table.connection},
            retry_after_seconds=_RETRY_AFTER_SECONDS,
        ) from error


def _asked(
    backend: BaseBackend, found: ibis.Table | None, table: WarehouseTable, primary: MetricProfile | None
) -> _Found:
    if found is None:
        raise invalid_field(f"{_PATH}.table", f"{table.table}, there is no table of that name")
    _check_columns(found, table)
    sums_by_arm = query.sums_by_arm(
        found,
        unit=table.unit_column,
        arm=table.arm_column,
        metrics=[column for _, column in table.metric_columns],
        time=table.time_column,
    )
    # Parts before the whole: where units come in between, the whole has them, too.
    parts = {column: _rows(backend, one) for column, one in _by_segment(found, table, primary)}
    return _Found(_rows(backend, sums_by_arm), parts)


def _by_segment(
    found: ibis.Table, table: WarehouseTable, primary: MetricProfile | None
) -> Iterator[tuple[str, ibis.Table]]:
    if primary is None:
        return
    metric = dict(table.metric_columns)[primary.metric_id]
    for column in table.segment_columns:
        yield (
            column,
            query.sums_by_segment(found, unit=table.unit_column, arm=table.arm_column, metric=metric, segment=column),
        )


def _rows(backend: BaseBackend, asked: ibis.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = backend.to_pyarrow(asked).to_pylist()
    return rows


def _check_columns(found: ibis.Table, table: WarehouseTable) -> None:
    schema = found.schema()
    wanted = {"unit_column": table.unit_column, "arm_column": table.arm_column}
    wanted |= {"time_column": table.time_column} if table.time_column else {}
    wanted |= {f"metric_columns[{place}].column": column for place, (_, column) in enumerate(table.metric_columns)}
    wanted |= {f"segment_columns[{place}]": column for place, column in enumerate(table.segment_columns)}
    violations = [
        FieldViolation(f"{_PATH}.{field}", f"{column}, the table has no such column")
        for field, column in wanted.items()
        if column not in schema
    ]
    if violations:
        raise invalid_fields(violations)
    violations = [
        FieldViolation(f"{_PATH}.{field}", f"{wanted[field]}, is of the type {schema[wanted[field]]}, must hold {what}")
        for field, what, fits in (
            ("time_column", "times", query.is_time),
            *((one, "numbers", query.is_countable) for one in wanted if one.startswith("metric_columns")),
        )
        if field in wanted and not fits(schema[wanted[field]])
    ]
    if violations:
        raise invalid_fields(violations)


def _metrics(table: WarehouseTable, experiment: Experiment | None) -> tuple[MetricProfile, ...]:
    """Returns the metrics that have columns, in the order of these."""
    if not table.metrics and experiment is None:
        raise invalid_field(f"{_PATH}.metrics", "is missing, as the experiment is not one of this store")
    known = {one.metric_id: one for one in table.metrics or (profiles_of(experiment) if experiment else ())}
    violations = [
        FieldViolation(f"{_PATH}.metric_columns[{place}].metric_id", f"{metric_id}, is not one of the metrics")
        for place, (metric_id, _) in enumerate(table.metric_columns)
        if metric_id not in known
    ]
    if violations:
        raise invalid_fields(violations)
    return tuple(known[metric_id] for metric_id, _ in table.metric_columns)
