"""What hypotheses are to be made of: metrics, past experiments, goal and constraints; and what of it cannot be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.ai.domain.hypotheses.model import StoredHypothesis
from services.ai.domain.metrics import MetricProfile, PastExperiment, PastOutcome, TrafficProfile
from shared.definition.model import MAX_ABSOLUTE_VALUE, MetricDirection, MetricKind
from shared.errors import FieldViolation, invalid_fields

DEFAULT_COUNT: Final = 5
MOST: Final = 7
"""More hypotheses at once than these are not read."""
MOST_LIFT: Final = 1e6
"""No relative change is larger."""
LEAST_ERROR: Final = 1e-9
"""No relative change is known more precisely."""


@dataclass(frozen=True, slots=True)
class Brief:
    """Is what hypotheses are to be made of.

    A past experiment may have several rows: one for each metric that it had an effect on, and one for each segment that
    it was broken down by, with the segment's name among its tags.

    Attributes:
        past: Past experiments; those on metrics that are not given are left aside.
        goal, constraints: In the caller's words; they are for providers that can read.
        max_count: From 1 to 7.
        traffic: None: no durations are planned.
        stored: Hypotheses that are there already, with what came of them.

    Raises:
        InvalidArgument: INVALID_FIELD: with every field that cannot be.
    """

    metrics: tuple[MetricProfile, ...]
    as_of: datetime
    past: tuple[PastExperiment, ...] = ()
    goal: str = ""
    constraints: tuple[str, ...] = ()
    max_count: int = DEFAULT_COUNT
    traffic: TrafficProfile | None = None
    stored: tuple[StoredHypothesis, ...] = ()

    def __post_init__(self) -> None:
        violations = [*_metrics(self.metrics), *_past(self.past, self.metrics), *_rest(self)]
        if violations:
            raise invalid_fields(violations)


def turned(lift: float, direction: MetricDirection) -> float:
    """Returns a lift such that above 0 is good."""
    return lift if direction is MetricDirection.MAXIMIZE else -lift


def segment_of(row: PastExperiment, metric: MetricProfile) -> str:
    """Returns the segment that a row is about: the only one among its tags; empty: all units."""
    named = {one.segment for one in metric.segments} & set(row.tags)
    return named.pop() if len(named) == 1 else ""


def is_possible(row: PastExperiment, metrics: Sequence[MetricProfile]) -> bool:
    """Says whether a brief with these metrics may have that past experiment."""
    return not any(_past([row], metrics))


def _metrics(metrics: Sequence[MetricProfile]) -> Iterator[FieldViolation]:
    if not metrics:
        yield FieldViolation("metrics", "there is none, must be one or more")
    seen: set[str] = set()
    for place, metric in enumerate(metrics):
        if metric.metric_id in seen:
            yield FieldViolation(f"metrics[{place}].metric_id", f"{metric.metric_id} is there twice")
        seen.add(metric.metric_id)
        yield from _levels(f"metrics[{place}]", metric)


def _levels(path: str, metric: MetricProfile) -> Iterator[FieldViolation]:
    levels = [(f"{path}.baseline", metric.baseline)]
    levels += [(f"{path}.segments[{place}].baseline", one.baseline) for place, one in enumerate(metric.segments)]
    for field, level in levels:
        if level is None:
            continue
        if not abs(level) <= MAX_ABSOLUTE_VALUE:
            yield FieldViolation(field, f"{level:g}, must be from -{MAX_ABSOLUTE_VALUE:g} to {MAX_ABSOLUTE_VALUE:g}")
        elif metric.kind is MetricKind.PROPORTION and not 0 <= level <= 1:
            yield FieldViolation(field, f"{level:g}, a rate must be in [0, 1]")
    if metric.trend is not None and not abs(metric.trend) <= MOST_LIFT:
        yield FieldViolation(f"{path}.trend", f"{metric.trend:g}, must be from -{MOST_LIFT:g} to {MOST_LIFT:g}")
    if metric.pre_period_correlation is not None and not abs(metric.pre_period_correlation) <= 1:
        yield FieldViolation(f"{path}.pre_period_correlation", f"{metric.pre_period_correlation:g}, must be in [-1, 1]")
    if metric.standard_deviation is not None and not 0 <= metric.standard_deviation <= MAX_ABSOLUTE_VALUE:
        yield FieldViolation(f"{path}.standard_deviation", f"{metric.standard_deviation:g}, must be 0 or more")
    if metric.relative_mde is not None and not 0 < metric.relative_mde <= MOST_LIFT:
        yield FieldViolation(f"{path}.relative_mde", f"{metric.relative_mde:g}, must be above 0")
    names = [one.segment for one in metric.segments]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield FieldViolation(f"{path}.segments", f"{', '.join(twice)} is there twice")


def _past(past: Sequence[PastExperiment], metrics: Sequence[MetricProfile]) -> Iterator[FieldViolation]:
    directions = {metric.metric_id: metric.direction for metric in metrics}
    for place, row in enumerate(past):
        path = f"past_experiments[{place}]"
        error = row.standard_error
        if error is not None and not LEAST_ERROR <= error <= MOST_LIFT:
            yield FieldViolation(f"{path}.standard_error", f"{error:g}, must be from {LEAST_ERROR:g} to {MOST_LIFT:g}")
        if row.relative_lift is None:
            continue
        if not abs(row.relative_lift) <= MOST_LIFT:
            yield FieldViolation(
                f"{path}.relative_lift", f"{row.relative_lift:g}, must be from -{MOST_LIFT:g} to {MOST_LIFT:g}"
            )
        elif row.metric_id in directions and _contradicts(row, directions[row.metric_id]):
            yield FieldViolation(
                f"{path}.relative_lift", f"{row.relative_lift:g} is not how a test ends as {row.outcome}"
            )


def _contradicts(row: PastExperiment, direction: MetricDirection) -> bool:
    gain = turned(row.relative_lift or 0.0, direction)
    return (row.outcome is PastOutcome.WON and gain < 0) or (row.outcome is PastOutcome.LOST and gain > 0)


def _rest(brief: Brief) -> Iterator[FieldViolation]:
    if not 1 <= brief.max_count <= MOST:
        yield FieldViolation("max_count", f"{brief.max_count}, must be from 1 to {MOST}")
    traffic = brief.traffic
    if traffic is not None and not (0 < traffic.units_per_day <= MAX_ABSOLUTE_VALUE and 0 < traffic.share <= 1):
        yield FieldViolation("traffic", "units_per_day must be above 0, and share in (0, 1]")
