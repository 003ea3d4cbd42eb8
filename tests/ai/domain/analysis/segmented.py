"""Experiments whose units are told apart by devices, for tests of segments."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.ai.domain.analysis.data import Aggregates, ArmAggregate, MetricSums, SegmentAggregates
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricKind, MetricRole
from tests.ai.domain.analysis.examples import conversions, experiment

SPEND = MetricProfile("spend", MetricKind.MEAN, role=MetricRole.PRIMARY)
COUNTS = {
    "device=mobile": {"control": (6_000, 600), "blue": (6_000, 900)},
    "device=desktop": {"control": (4_000, 400), "blue": (4_000, 400)},
}
"""Units and conversions: blue does good on mobile alone."""


def segmented(counts: Mapping[str, Mapping[str, tuple[int, int]]] = COUNTS) -> Aggregates:
    """Returns an experiment of these segments; its arms are what those of the first one's dimension sum to."""
    segments = tuple(
        SegmentAggregates(name, tuple(conversions(arm_id, *of_arm) for arm_id, of_arm in arms.items()))
        for name, arms in counts.items()
    )
    return whole_of(segments, experiment())


def spending(drawn: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> Aggregates:
    """Returns an experiment on what units spend, by segments and arms."""
    segments = tuple(
        SegmentAggregates(name, tuple(_spent(arm_id, values) for arm_id, values in arms.items()))
        for name, arms in drawn.items()
    )
    return whole_of(segments, experiment(metrics=(SPEND,)))


def whole_of(segments: tuple[SegmentAggregates, ...], like: Aggregates) -> Aggregates:
    """Returns an experiment of whose units the segments of the first dimension are all."""
    own = [one for one in segments if one.dimension == segments[0].dimension]
    arms = [_summed([one.arms[place] for one in own]) for place in range(len(own[0].arms))]
    return replace(like, arms=tuple(arms), segments=segments)


def _spent(arm_id: str, values: NDArray[np.float64]) -> ArmAggregate:
    sums = MetricSums("spend", float(values.sum()), float((values**2).sum()))
    return ArmAggregate(arm_id, arm_id == "control", 0.0, len(values), (sums,))


def _summed(parts: list[ArmAggregate]) -> ArmAggregate:
    [metric_id] = {part.sums[0].metric_id for part in parts}
    squares = [part.sums[0].value_square_sum for part in parts]
    total = None if None in squares else sum(one or 0.0 for one in squares)
    sums = MetricSums(metric_id, sum(part.sums[0].value_sum for part in parts), total)
    return replace(parts[0], unit_count=sum(part.unit_count for part in parts), sums=(sums,))
