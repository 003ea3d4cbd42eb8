"""Sums from rows that are folded already: one for each policy version, arm and metric, in exact decimals."""

from collections.abc import Hashable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np

from shared.errors import invalid_field
from shared.statistics.aggregates.sums import LARGEST, Sums

LARGEST_COUNT: Final = 2**53
"""Of a row's units: whole numbers up to here are doubles."""


class StatisticsRow(NamedTuple):
    """Is what is known of the units that one policy version allocated to one arm.

    Attributes:
        unit_count: With and without outcomes.
        value_sum: Over units; a unit without outcomes counts as 0.
        value_square_sum: Over units.
    """

    policy_version: int
    arm_id: str
    metric_id: str
    unit_count: int
    value_sum: Decimal
    value_square_sum: Decimal


def sums_from_rows(
    rows: Iterable[StatisticsRow],
    *,
    policy_versions: Sequence[int],
    metric_ids: Sequence[str],
    arm_ids: Sequence[str],
) -> Sums:
    """Returns sums of one variable, shape (policy versions, metrics, arms); what no row names is an empty sample.

    Decimals are added without rounding. `.pooled(0)` holds the sums over all policy versions, `[:, 0]` those of the
    first metric by policy version and arm.

    Args:
        rows: In any order; those of the same policy version, metric and arm are added.
        policy_versions: All that rows may have, each once; their order is that of the result. So are the other two.
        metric_ids: The metrics.
        arm_ids: The arms.

    Raises:
        InvalidArgument: INVALID_FIELD: a row of something else, or one that no units can have: a count that is
            negative, not whole or above LARGEST_COUNT, a sum that is NaN or too large, a negative variance.
    """
    versions = _positions("policy_versions", policy_versions)
    metrics, arms = _positions("metric_ids", metric_ids), _positions("arm_ids", arm_ids)
    shape = (len(versions), len(metrics), len(arms))
    count = np.zeros(shape, dtype=np.int64)
    totals, squares = np.full((2, *shape), Fraction(), dtype=object)
    for row in rows:
        _check(row)
        try:
            place = versions[row.policy_version], metrics[row.metric_id], arms[row.arm_id]
        except KeyError as missing:
            raise invalid_field("rows", f"{missing.args[0]!r} is not among those asked for: {row}") from None
        count[place] += row.unit_count
        totals[place] += Fraction(row.value_sum)
        squares[place] += Fraction(row.value_square_sum)
    return Sums(count, totals[..., None], squares[..., None, None])


def _positions(name: str, ids: Sequence[Hashable]) -> dict[Hashable, int]:
    positions = {one: position for position, one in enumerate(ids)}
    if len(positions) < len(ids):
        raise invalid_field(name, "one is named twice")
    return positions


def _check(row: StatisticsRow) -> None:
    count, total, square = row.unit_count, row.value_sum, row.value_square_sum
    if not (0 <= count <= LARGEST_COUNT and count == int(count)):
        raise invalid_field("unit_count", f"{count}, must be whole, from 0 to {LARGEST_COUNT}")
    if not (total.is_finite() and square.is_finite() and square <= LARGEST**2):
        raise invalid_field(
            "value_square_sum", f"{square}, with the sum {total}: must be finite and at most {LARGEST**2:g}"
        )
    # Units without a mean cannot have a square, and no others a mean square below the squared mean.
    if (count == 0 and square != 0) or count * Fraction(square) < Fraction(total) ** 2:
        raise invalid_field("value_square_sum", f"{square}, not possible for {count} units with the sum {total}")
