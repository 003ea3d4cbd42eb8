"""How far the baseline of a segment is from the other units', and whether that is more than noise."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from services.ai.domain.metrics import MetricProfile, SegmentBaseline
from shared.definition.model import MetricKind
from shared.statistics.fixed.multiplicity import Procedure, adjusted

ALPHA: Final = 0.05
"""Expected share of false ones among the differences that are called real (Benjamini and Hochberg 1995)."""
_NEGLIGIBLE: Final = 1e-6
"""A mean that is this small beside a difference is no measure for it."""


@dataclass(frozen=True, slots=True)
class SegmentGap:
    """Is a segment against the other segments of its metric.

    Attributes:
        difference: Of the means, in the metric's unit; below 0: the segment's is lower.
        relative: The same over the others' mean; None: that is 0.
        p_value: Two-sided; NaN: units or spread are not known.
    """

    metric: MetricProfile
    segment: SegmentBaseline
    difference: float
    relative: float | None
    p_value: float


def gaps(metrics: Sequence[MetricProfile]) -> tuple[SegmentGap, ...]:
    """Returns the gap of every segment that has others beside it, with its p-value adjusted for all of them."""
    found = [gap for metric in metrics for gap in _gaps(metric)]
    p_values = adjusted([one.p_value for one in found], Procedure.BENJAMINI_HOCHBERG) if found else ()
    return tuple(
        SegmentGap(one.metric, one.segment, one.difference, one.relative, float(p_value))
        for one, p_value in zip(found, p_values, strict=True)
    )


def two_sided(statistic: float) -> float:
    """Returns the p-value of a standard normal statistic."""
    return float(2 * special.ndtr(-abs(statistic)))


def _gaps(metric: MetricProfile) -> Iterator[SegmentGap]:
    for segment in metric.segments:
        others = [one for one in metric.segments if one is not segment]
        if not others:
            continue
        counts = np.array([one.unit_count for one in others], dtype=np.float64)
        levels = np.array([one.baseline for one in others])
        known = bool((counts > 0).all())
        rest = float(np.average(levels, weights=counts if known else None))
        difference = segment.baseline - rest
        yield SegmentGap(
            metric,
            segment,
            difference,
            difference / abs(rest) if abs(rest) > _NEGLIGIBLE * abs(difference) else None,
            _p_value(metric, segment, difference, rest, float(counts.sum())) if known else math.nan,
        )


def _p_value(
    metric: MetricProfile, segment: SegmentBaseline, difference: float, rest: float, rest_count: float
) -> float:
    """Returns that of the z-test of two means; rates are taken as one under the null (pooled)."""
    if segment.unit_count <= 0:
        return math.nan
    if metric.kind is MetricKind.PROPORTION:
        pooled = (segment.baseline * segment.unit_count + rest * rest_count) / (segment.unit_count + rest_count)
        variance = pooled * (1 - pooled)
    else:
        variance = (metric.standard_deviation or math.nan) ** 2
    error = math.sqrt(variance * (1 / segment.unit_count + 1 / rest_count))
    return two_sided(difference / error) if error > 0 else math.nan
