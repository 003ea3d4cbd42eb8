"""Segments of real DuckDB files and Parquet directories, held against the whole and against numpy."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from services.ai.domain.analysis.data import Aggregates, SegmentAggregates
from services.ai.domain.analysis.engine import analyze
from services.ai.domain.analysis.plan import AnalysisPlan
from services.ai.domain.jobs import WarehouseTable
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricKind, MetricRole
from shared.errors import InvalidArgument
from tests.ai.warehouse.test_warehouse import CHECKOUT, NOW, TABLE, Lake, Visits

# Ibis asks DuckDB by a name that is going to go.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

COUNT = 2_000
REVENUE = MetricProfile("revenue", MetricKind.MEAN, role=MetricRole.PRIMARY)
BY_DEVICE = replace(TABLE, segment_columns=("device",))


def device_of(count: int = COUNT) -> NDArray[np.str_]:
    return np.random.default_rng(9).choice(["mobile", "desktop", "tablet"], count, p=[0.6, 0.3, 0.1])


def told_apart(visits: Visits, **columns: Sequence[object]) -> pa.Table:
    """Returns the table with more columns."""
    table = visits.table()
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return table


@pytest.fixture(params=["parquet", "duckdb"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def read(tmp_path: Path, kind: str, table: pa.Table, asked: WarehouseTable) -> Aggregates:
    warehouse = getattr(Lake(tmp_path), kind)(table)
    found: Aggregates = warehouse.aggregates(asked, CHECKOUT, now=NOW)
    return found


def of(segments: tuple[SegmentAggregates, ...], name: str, arm_id: str) -> tuple[int, float, float | None]:
    """Returns units and sums of the primary metric."""
    arm = next(arm for one in segments if one.segment == name for arm in one.arms if arm.arm_id == arm_id)
    [sums] = arm.sums
    return arm.unit_count, sums.value_sum, sums.value_square_sum


def test_segments_when_a_column_is_named_then_its_values_sum_to_the_whole(tmp_path: Path, kind: str) -> None:
    visits, device = Visits.some(COUNT), device_of()

    found = read(tmp_path, kind, told_apart(visits, device=device.tolist()), BY_DEVICE)

    assert [one.segment for one in found.segments] == ["device=mobile", "device=desktop", "device=tablet"]
    assert found.left_out_segments == ()
    bought = np.array(visits.bought, dtype=bool)
    for arm_id in ("control", "blue"):
        own = visits.of(arm_id)
        for name in ("mobile", "desktop", "tablet"):
            here = own & (device == name)
            assert of(found.segments, f"device={name}", arm_id) == (here.sum(), (bought & here).sum(), None)
    assert len(analyze(found, AnalysisPlan(), now=NOW).segments) == 3


def test_segments_when_the_primary_metric_is_of_values_then_squares_are_summed(tmp_path: Path) -> None:
    visits, device = Visits.some(COUNT), device_of()
    by_paid = replace(BY_DEVICE, metrics=(REVENUE,), metric_columns=(("revenue", "paid"),))

    found = read(tmp_path, "duckdb", told_apart(visits, device=device.tolist()), by_paid)

    paid = np.nan_to_num(np.array(visits.paid, dtype=float))
    here = visits.of("blue") & (device == "mobile")
    units, total, squares = of(found.segments, "device=mobile", "blue")
    assert units == here.sum()
    assert total == pytest.approx(paid[here].sum())
    assert squares == pytest.approx((paid[here] ** 2).sum())
    assert len(analyze(found, AnalysisPlan(), now=NOW).segments) == 3


def test_segments_when_units_have_no_value_or_several_arms_then_they_are_in_none(tmp_path: Path, kind: str) -> None:
    visits, device = Visits.some(COUNT), [*device_of().tolist(), "mobile", "mobile"]
    visits.add("both", "control", bought=True)
    visits.add("both", "blue", bought=True)
    missing = [None if place % 10 == 0 else "" if place % 10 == 1 else one for place, one in enumerate(device)]

    found = read(tmp_path, kind, told_apart(visits, device=missing), BY_DEVICE)

    told = sum(arm.unit_count for one in found.segments for arm in one.arms)
    assert told == sum(one not in (None, "") for one in missing[:COUNT])
    assert found.multiple_exposure_count == 1


def test_segments_when_columns_have_many_values_then_the_largest_are_kept_and_others_named(tmp_path: Path) -> None:
    city = [f"city-{min(place % 90, place % 89)}" for place in range(COUNT)]
    asked = replace(TABLE, segment_columns=("device", "city"))

    found = read(tmp_path, "parquet", told_apart(Visits.some(COUNT), device=device_of().tolist(), city=city), asked)

    sizes = [sum(arm.unit_count for arm in one.arms) for one in found.segments]
    assert len(sizes) == 50
    assert sizes == sorted(sizes, reverse=True)
    assert {one.dimension for one in found.segments} == {"device", "city"}
    cities = len(set(city))
    assert len(found.left_out_segments) == cities + 3 - 50
    assert not set(found.left_out_segments) & {one.segment for one in found.segments}


def test_segments_when_each_unit_is_its_own_then_names_left_out_are_few(tmp_path: Path) -> None:
    found = read(tmp_path, "duckdb", Visits.some(COUNT).table(), replace(TABLE, segment_columns=("visitor",)))

    assert (len(found.segments), len(found.left_out_segments)) == (50, 50)


def test_segments_when_a_value_is_too_long_for_a_name_then_it_is_left_out(tmp_path: Path) -> None:
    device = ["x" * 200 if place % 2 else "short" for place in range(COUNT)]

    found = read(tmp_path, "parquet", told_apart(Visits.some(COUNT), device=device), BY_DEVICE)

    assert [one.segment for one in found.segments] == ["device=short"]
    assert [len(name) for name in found.left_out_segments] == [120]


def test_segments_when_there_is_no_such_column_then_its_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument) as refused:
        read(tmp_path, "duckdb", Visits.some(10).table(), replace(TABLE, segment_columns=("paid", "device")))

    assert [one.field for one in refused.value.violations] == ["warehouse_table.segment_columns[1]"]
