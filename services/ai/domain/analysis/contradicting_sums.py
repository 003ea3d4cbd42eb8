"""What of an arm's sums cannot be: rates above one, negative variances, metrics that nobody knows."""

import math
from collections.abc import Iterator, Mapping
from typing import Final

from services.ai.domain.analysis.data import ArmAggregate, MetricSums
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MAX_ABSOLUTE_VALUE, MetricKind
from shared.errors import FieldViolation

ROUNDING: Final = 1e-9
"""Sums of squares may be below what the mean asks for by this share of them: they were rounded on their way."""


def contradicting_sums(path: str, arm: ArmAggregate, known: Mapping[str, MetricProfile]) -> Iterator[FieldViolation]:
    """Returns what is wrong with the sums of an arm.

    Args:
        path: The arm's.
        arm: Whose sums.
        known: Metrics by id.
    """
    seen: set[str] = set()
    for place, sums in enumerate(arm.sums):
        where, metric = f"{path}.sums[{place}]", known.get(sums.metric_id)
        if sums.metric_id in seen:
            yield FieldViolation(f"{where}.metric_id", f"{sums.metric_id} is there twice")
        seen.add(sums.metric_id)
        if metric is None:
            yield FieldViolation(f"{where}.metric_id", f"{sums.metric_id} is not one of the metrics")
        elif not abs(sums.value_sum) <= MAX_ABSOLUTE_VALUE * max(arm.unit_count, 1):
            yield FieldViolation(f"{where}.value_sum", f"{sums.value_sum:g}, units have no such values")
        elif metric.kind is MetricKind.PROPORTION:
            yield from _conversions(where, arm.unit_count, sums)
        else:
            yield from _squares(where, arm.unit_count, sums)


def _conversions(where: str, unit_count: int, sums: MetricSums) -> Iterator[FieldViolation]:
    if not 0 <= sums.value_sum <= max(unit_count, 0):
        yield FieldViolation(
            f"{where}.value_sum", f"{sums.value_sum:.15g} of {unit_count} units converted: no such rate"
        )
    elif sums.value_sum != math.floor(sums.value_sum):
        yield FieldViolation(f"{where}.value_sum", f"{sums.value_sum:.15g}, must be a whole number of units")


def _squares(where: str, unit_count: int, sums: MetricSums) -> Iterator[FieldViolation]:
    squares = sums.value_square_sum
    if squares is None:
        yield FieldViolation(
            f"{where}.value_square_sum", "is missing: without it nothing tells how precise the mean is"
        )
    elif not 0 <= squares <= MAX_ABSOLUTE_VALUE**2 * max(unit_count, 1):
        yield FieldViolation(f"{where}.value_square_sum", f"{squares:g}, units have no such values")
    elif unit_count <= 0:
        if sums.value_sum or squares:
            yield FieldViolation(f"{where}.value_sum", "the arm has no units")
    elif squares < sums.value_sum**2 / unit_count * (1 - ROUNDING):
        yield FieldViolation(
            f"{where}.value_square_sum", "is below the squared sum over the units: a negative variance"
        )
