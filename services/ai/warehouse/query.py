"""The queries: a table of units becomes sums by arms, with whatever speaks against them, and by segments and arms."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import ibis
from ibis.expr import datatypes, types

MOST_ARMS: Final = 64
MOST_VALUES: Final = 100
"""Of a column by which units are told apart, the largest."""
_ONE, _NONE = 1.0, 0.0


def sums_by_arm(table: ibis.Table, *, unit: str, arm: str, metrics: Sequence[str], time: str = "") -> ibis.Table:
    """Returns a row for each arm, and one whose arm is empty for units that were seen in several.

    A unit counts with its one row. Columns are `arm`, `units`, `repeated` (units with several rows in one arm),
    `nameless` (rows without a unit), `armless` (rows without an arm), `first` and `last` with a time, and for each
    metric by its place `sum_0`, `squares_0`, `odd_0` (values that are no finite numbers), `other_0` (neither 0 nor 1).

    Args:
        table: With a row for each unit.
        unit: Name of the column with its id.
        arm: Name of the column with its arm.
        metrics: Names of the columns with its values, numbers or booleans; an empty one counts as 0.
        time: Name of the column with the time of exposure; empty: none.
    """
    by_unit = table.group_by(unit=table[unit].cast("string")).aggregate(
        lowest=table[arm].cast("string").min(),
        highest=table[arm].cast("string").max(),
        rows=table.count(),
        armless=table[arm].isnull().sum(),
        **_times(table, time),
        **_values(table, metrics),
    )
    one_arm = by_unit.mutate(arm=ibis.ifelse(by_unit.lowest == by_unit.highest, by_unit.lowest, ibis.null("string")))
    return (
        one_arm.group_by("arm")
        .aggregate(
            units=one_arm.count(),
            repeated=_count((one_arm.rows > 1) & one_arm.arm.notnull()),
            nameless=_count(one_arm.unit.isnull()),
            armless=one_arm.armless.sum(),
            **({"first": one_arm["first"].min(), "last": one_arm["last"].max()} if time else {}),
            **_sums(one_arm, len(metrics)),
        )
        .limit(MOST_ARMS + 2)
    )


def sums_by_segment(table: ibis.Table, *, unit: str, arm: str, metric: str, segment: str) -> ibis.Table:
    """Returns a row for each of a column's largest values and each arm, the largest value first.

    Units that were seen in several arms, or have no value, are in none. Columns are `segment`, `arm`, `size` (units of
    the value in all arms), `units`, `sum` and `squares`.

    Args:
        table: With a row for each unit.
        unit: Name of the column with its id.
        arm: Name of the column with its arm.
        metric: Name of the column with its values, as above.
        segment: Name of the column whose values tell units apart.
    """
    by_unit = table.group_by(unit=table[unit].cast("string")).aggregate(
        arm=table[arm].cast("string").min(),
        highest=table[arm].cast("string").max(),
        segment=table[segment].cast("string").min(),
        **_values(table, [metric]),
    )
    one_arm = by_unit.filter((by_unit.arm == by_unit.highest) & by_unit.segment.notnull())
    sizes = one_arm.group_by("segment").aggregate(size=one_arm.count())
    largest = sizes.order_by(sizes["size"].desc(), sizes.segment).limit(MOST_VALUES)
    kept = one_arm.inner_join(largest, "segment")
    value = kept["value_0"]
    found = kept.group_by("segment", "arm").aggregate(
        size=kept["size"].max(), units=kept.count(), sum=value.sum(), squares=(value * value).sum()
    )
    return found.order_by(found["size"].desc(), found.segment, found.arm).limit(MOST_VALUES * (MOST_ARMS + 1))


def is_countable(kind: datatypes.DataType) -> bool:
    """Says whether sums of a column of this type make sense."""
    return bool(kind.is_numeric() or kind.is_boolean())


def is_time(kind: datatypes.DataType) -> bool:
    """Says whether a column of this type holds times."""
    return bool(kind.is_timestamp() or kind.is_date())


def _times(table: ibis.Table, time: str) -> Mapping[str, types.Value]:
    if not time:
        return {}
    at = table[time].cast("timestamp('UTC')")
    return {"first": at.min(), "last": at.max()}


def _values(table: ibis.Table, metrics: Sequence[str]) -> Mapping[str, types.Value]:
    found: dict[str, Any] = {}
    for place, column in enumerate(metrics):
        value = table[column].cast("float64").coalesce(_NONE)
        finite = ~(value.isnan() | value.isinf())
        # One that is not finite would hide all others.
        found[f"value_{place}"] = ibis.ifelse(finite, value, _NONE).sum()
        found[f"odd_{place}"] = _count(~finite)
    return found


def _sums(units: ibis.Table, metric_count: int) -> Mapping[str, types.Value]:
    found: dict[str, Any] = {}
    for place in range(metric_count):
        value = units[f"value_{place}"]
        found[f"sum_{place}"] = value.sum()
        found[f"squares_{place}"] = (value * value).sum()
        found[f"odd_{place}"] = units[f"odd_{place}"].sum()
        found[f"other_{place}"] = _count((value != _NONE) & (value != _ONE))
    return found


def _count(condition: types.BooleanValue) -> types.Value:
    return ibis.ifelse(condition, 1, 0).sum()
