"""Sums of real DuckDB files and Parquet directories, held against numpy."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyarrow import parquet

from services.ai.domain.analysis.data import Aggregates
from services.ai.domain.analysis.engine import analyze
from services.ai.domain.analysis.plan import AnalysisPlan
from services.ai.domain.jobs import WarehouseTable
from services.ai.domain.metrics import MetricProfile
from services.ai.warehouse.warehouse import IbisWarehouse
from shared.definition.model import (
    AllocationPolicy,
    Arm,
    ArmWeight,
    Experiment,
    FixedSplit,
    Metric,
    MetricKind,
    MetricRole,
)
from shared.errors import InvalidArgument, Unavailable
from shared.statistics.health.finding import Check

# Ibis asks DuckDB by a name that is going to go.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=20)
CHECKOUT = Experiment(
    "checkout",
    (Arm("blue"), Arm("control", control=True)),
    (
        Metric("conversion", MetricKind.PROPORTION, MetricRole.PRIMARY),
        Metric("revenue", MetricKind.MEAN, MetricRole.SECONDARY),
        Metric("latency", MetricKind.MEAN, MetricRole.GUARDRAIL),
    ),
)
TABLE = WarehouseTable(
    "lake",
    "visits",
    "visitor",
    "variant",
    (("conversion", "bought"), ("revenue", "paid")),
    time_column="seen_at",
)


@dataclass
class Visits:
    """Is a table of visitors, as columns."""

    visitor: list[str]
    variant: list[str | None]
    bought: list[bool | None]
    paid: list[float | None]
    seen_at: list[datetime]

    @classmethod
    def some(cls, count: int = 2_000, seed: int = 1) -> "Visits":
        rng = np.random.default_rng(seed)
        bought = rng.random(count) < 0.2
        return cls(
            [f"v{number}" for number in range(count)],
            rng.choice(["control", "blue"], count).tolist(),
            bought.tolist(),
            np.where(bought, np.round(rng.lognormal(3, 1, count), 2), np.nan).tolist(),
            [START + timedelta(minutes=int(minute)) for minute in rng.integers(0, 20_000, count)],
        )

    def table(self) -> pa.Table:
        columns: dict[str, Any] = dict(vars(self))
        # What was not paid is empty.
        columns["paid"] = [None if value is None or np.isnan(value) else value for value in self.paid]
        return pa.table(columns)

    def of(self, arm_id: str) -> NDArray[np.bool_]:
        return np.array([variant == arm_id for variant in self.variant])

    def add(self, visitor: str, variant: str | None, *, bought: bool = False, paid: float | None = None) -> None:
        self.visitor.append(visitor)
        self.variant.append(variant)
        self.bought.append(bought)
        self.paid.append(paid)
        self.seen_at.append(START)


@dataclass
class Lake:
    """Is a directory for warehouses."""

    path: Path

    def parquet(self, visits: pa.Table, name: str = "visits.parquet") -> IbisWarehouse:
        file = self.path / "exports" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(visits, file)
        return self.opened('[lake]\nparquet = "exports"\n')

    def duckdb(self, visits: pa.Table, name: str = "visits") -> IbisWarehouse:
        with duckdb.connect(str(self.path / "shop.duckdb")) as connection:
            connection.register("given", visits)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
        return self.opened(f'[lake]\nurl = "duckdb://{self.path}/shop.duckdb"\n')

    def opened(self, text: str) -> IbisWarehouse:
        file = self.path / "warehouses.toml"
        file.write_text(text)
        return IbisWarehouse.of_file(file)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


@pytest.fixture(params=["parquet", "duckdb"])
def stored(request: pytest.FixtureRequest, lake: Lake) -> Any:
    """Stores visits in either kind of warehouse."""
    return getattr(lake, request.param)


def read(
    warehouse: IbisWarehouse, table: WarehouseTable = TABLE, experiment: Experiment | None = CHECKOUT
) -> Aggregates:
    return warehouse.aggregates(table, experiment, now=NOW)


def refused(
    warehouse: IbisWarehouse, table: WarehouseTable = TABLE, experiment: Experiment | None = CHECKOUT
) -> dict[str, str]:
    """Returns the fields at fault, and what is wrong with them."""
    with pytest.raises(InvalidArgument) as caught:
        read(warehouse, table, experiment)
    return {one.field.removeprefix("warehouse_table."): one.description for one in caught.value.violations}


@pytest.mark.parametrize("seed", range(3))
def test_aggregates_then_the_sums_that_numpy_finds(stored: Any, seed: int) -> None:
    visits = Visits.some(seed=seed)

    found = read(stored(visits.table()))

    assert [arm.arm_id for arm in found.arms] == ["control", "blue"]
    assert [arm.control for arm in found.arms] == [True, False]
    bought, paid = np.array(visits.bought), np.nan_to_num(np.array(visits.paid, dtype=float))
    for arm in found.arms:
        own = visits.of(arm.arm_id)
        conversion, revenue = arm.sums
        assert arm.unit_count == own.sum()
        assert (conversion.value_sum, conversion.value_square_sum) == (bought[own].sum(), None)
        assert revenue.value_sum == pytest.approx(paid[own].sum(), rel=1e-12)
        assert revenue.value_square_sum == pytest.approx((paid[own] ** 2).sum(), rel=1e-12)
    assert (found.started_at, found.as_of) == (min(visits.seen_at), max(visits.seen_at))
    assert found.multiple_exposure_count == 0
    assert [one.metric_id for one in found.metrics] == ["conversion", "revenue"]
    assert analyze(found, AnalysisPlan(), now=NOW).samples.total == 2_000


def test_aggregates_when_units_were_seen_in_two_arms_then_they_are_counted_and_in_no_sum(stored: Any) -> None:
    visits = Visits.some(100)
    other = "blue" if visits.variant[0] == "control" else "control"
    visits.add("v0", other, bought=True, paid=99.0)

    found = read(stored(visits.table()))

    assert found.multiple_exposure_count == 1
    assert sum(arm.unit_count for arm in found.arms) == 99
    bought = np.array(visits.bought[1:100])
    assert sum(arm.sums[0].value_sum for arm in found.arms) == bought.sum()
    checks = [one.finding.check for one in analyze(found, AnalysisPlan(), now=NOW).health]
    assert Check.MULTIPLE_EXPOSURE in checks


def test_aggregates_when_an_arm_has_no_units_then_it_is_there_all_the_same(stored: Any) -> None:
    visits = Visits.some(50)
    visits.variant = ["control"] * 50

    found = read(stored(visits.table()))

    assert {arm.arm_id: arm.unit_count for arm in found.arms} == {"control": 50, "blue": 0}


def test_aggregates_when_the_table_is_empty_then_no_units(stored: Any) -> None:
    found = read(stored(Visits.some(10).table().slice(0, 0)))

    assert [arm.unit_count for arm in found.arms] == [0, 0]
    assert (found.started_at, found.as_of) == (None, NOW)


def test_aggregates_when_there_is_no_time_then_as_of_now(stored: Any) -> None:
    found = read(stored(Visits.some(10).table()), replace(TABLE, time_column=""))

    assert (found.started_at, found.as_of) == (None, NOW)


def test_aggregates_when_the_split_is_uneven_then_its_planned_shares(stored: Any) -> None:
    weights = (ArmWeight("blue", 1.0), ArmWeight("control", 3.0))
    uneven = replace(CHECKOUT, allocation_policy=AllocationPolicy(FixedSplit(weights)))

    found = read(stored(Visits.some(10).table()), experiment=uneven)

    assert {arm.arm_id: arm.planned_share for arm in found.arms} == {"control": 0.75, "blue": 0.25}


def test_aggregates_when_the_experiment_is_elsewhere_then_arms_and_metrics_are_those_given(stored: Any) -> None:
    metrics = (MetricProfile("revenue", MetricKind.MEAN, role=MetricRole.PRIMARY),)
    table = replace(TABLE, metric_columns=(("revenue", "paid"),), metrics=metrics, control_arm_id="control")

    found = read(stored(Visits.some(10).table()), table, None)

    assert [(arm.arm_id, arm.control) for arm in found.arms] == [("control", True), ("blue", False)]
    assert found.metrics == metrics


def test_aggregates_when_names_are_strange_then_they_are_quoted(stored: Any) -> None:
    visits = Visits.some(20).table().rename_columns(["group", "order", "select", "SUM", "seen_at"])
    table = replace(
        TABLE, unit_column="group", arm_column="order", metric_columns=(("conversion", "select"), ("revenue", "SUM"))
    )

    assert sum(arm.unit_count for arm in read(stored(visits), table).arms) == 20


def test_aggregates_when_a_parquet_table_is_a_directory_or_in_one_then_all_of_its_files(lake: Lake) -> None:
    visits = Visits.some(30).table()
    lake.parquet(visits.slice(0, 10), "shop/visits/1.parquet")
    warehouse = lake.parquet(visits.slice(10), "shop/visits/2.parquet")

    assert sum(arm.unit_count for arm in read(warehouse, replace(TABLE, table="shop.visits")).arms) == 30


def test_aggregates_when_a_table_is_in_a_schema_then_found(lake: Lake) -> None:
    with duckdb.connect(str(lake.path / "shop.duckdb")) as connection:
        connection.execute("CREATE SCHEMA sales")
    warehouse = lake.duckdb(Visits.some(30).table(), "sales.visits")

    for name in ("sales.visits", "shop.sales.visits"):
        assert sum(arm.unit_count for arm in read(warehouse, replace(TABLE, table=name)).arms) == 30


@pytest.mark.parametrize(
    ("change", "field", "description"),
    [
        ({"connection": "sea"}, "connection", "sea, there is no connection of that name"),
        ({"table": "visit"}, "table", "visit, there is no table of that name"),
        ({"table": "nowhere.visits"}, "table", "nowhere.visits, there is no table of that name"),
        ({"unit_column": "who"}, "unit_column", "who, the table has no such column"),
        ({"arm_column": "arm"}, "arm_column", "arm, the table has no such column"),
        ({"time_column": "at"}, "time_column", "at, the table has no such column"),
        ({"time_column": "paid"}, "time_column", "paid, is of the type float64, must hold times"),
        (
            {"metric_columns": (("conversion", "visitor"),)},
            "metric_columns[0].column",
            "visitor, is of the type string, must hold numbers",
        ),
        (
            {"metric_columns": (("conversion", "bought"), ("retention", "paid"))},
            "metric_columns[1].metric_id",
            "retention, is not one of the metrics",
        ),
        ({"control_arm_id": "old"}, "control_arm_id", "old, there is no such arm"),
        (
            {"metric_columns": (("conversion", "paid"),)},
            "metric_columns[0].column",
            "has 7 values that are neither 0 nor 1, and no rate is made of such",
        ),
        # A column of ids in the place of that of arms.
        ({"arm_column": "visitor"}, "arm_column", "visitor, has more than 64 arms"),
    ],
)
def test_aggregates_when_what_is_named_does_not_fit_then_refused(
    stored: Any, change: dict[str, Any], field: str, description: str
) -> None:
    visits = Visits.some(100)
    visits.paid = [5.0 if place < 7 else None for place in range(100)]

    assert refused(stored(visits.table()), replace(TABLE, **change)) == {field: description}


@pytest.mark.parametrize(
    ("row", "field", "description"),
    [
        ((None, "control", 1.0), "unit_column", "has rows without a unit"),
        (("new", None, 1.0), "arm_column", "is empty in 1 rows"),
        (("new", "green", 1.0), "arm_column", "has 'green', which is no arm of the experiment"),
        (("v0", "same", 1.0), "unit_column", "has 1 units with several rows, must have one for each"),
        (("new", "control", float("inf")), "metric_columns[1].column", "has 1 values that are no finite numbers"),
    ],
)
def test_aggregates_when_the_table_contradicts_itself_then_refused(
    stored: Any, row: tuple[Any, str | None, float], field: str, description: str
) -> None:
    visits = Visits.some(100)
    visitor, variant, paid = row
    visits.add(visitor, visits.variant[0] if variant == "same" else variant, paid=paid)

    assert refused(stored(visits.table())) == {field: description}


def test_aggregates_when_a_value_is_not_a_number_then_refused(lake: Lake) -> None:
    visits = Visits.some(10).table()
    odd = visits.set_column(3, "paid", pa.array([float("nan"), *[1.0] * 9]))

    assert refused(lake.duckdb(odd)) == {"metric_columns[1].column": "has 1 values that are no finite numbers"}


def test_aggregates_when_times_are_of_the_future_then_refused(stored: Any) -> None:
    visits = Visits.some(10)
    visits.seen_at[0] = NOW + timedelta(seconds=1)

    assert refused(stored(visits.table())) == {"time_column": "seen_at, has times after now, 2026-03-21T00:00:01+00:00"}


def test_aggregates_when_most_units_were_in_several_arms_then_refused(stored: Any) -> None:
    visits = Visits.some(4)
    for place in range(3):
        visits.add(f"v{place}", "blue" if visits.variant[place] == "control" else "control")

    assert refused(stored(visits.table())) == {"arm_column": "3 units were seen in several arms: most of them"}


@pytest.mark.parametrize(
    ("change", "field"),
    [({"metrics": ()}, "metrics"), ({"control_arm_id": ""}, "control_arm_id")],
)
def test_aggregates_when_nobody_says_what_the_experiment_is_then_refused(
    stored: Any, change: dict[str, Any], field: str
) -> None:
    metrics = (MetricProfile("conversion", MetricKind.PROPORTION), MetricProfile("revenue", MetricKind.MEAN))
    table = replace(TABLE, **{"metrics": metrics, "control_arm_id": "control", **change})

    assert list(refused(stored(Visits.some(10).table()), table, None)) == [field]


def test_aggregates_when_one_arm_is_all_there_is_then_refused(stored: Any) -> None:
    visits = Visits.some(10)
    visits.variant = ["control"] * 10
    table = replace(TABLE, metrics=(MetricProfile("conversion", MetricKind.PROPORTION),), control_arm_id="control")
    table = replace(table, metric_columns=(("conversion", "bought"),))

    assert refused(stored(visits.table()), table, None) == {
        "arm_column": "has units of one arm alone, must have two or more"
    }


def test_aggregates_when_the_file_is_no_database_then_unavailable(lake: Lake) -> None:
    (lake.path / "shop.duckdb").write_text("no database")
    warehouse = lake.opened(f'[lake]\nurl = "duckdb://{lake.path}/shop.duckdb"\n')

    with pytest.raises(Unavailable) as caught:
        read(warehouse)

    assert str(lake.path) not in caught.value.message


def test_aggregates_then_nothing_can_be_written(lake: Lake) -> None:
    warehouse = lake.duckdb(Visits.some(10).table())
    connection = warehouse._known["lake"]

    with connection.opened() as backend, pytest.raises(duckdb.Error, match="read-only"):
        backend.raw_sql("CREATE TABLE more (one int)")
