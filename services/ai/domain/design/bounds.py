"""Numbers with which no test can be planned: so large, so small or so odd that nothing real has them."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from services.ai.domain.design.plan import DesignPlan
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MAX_ABSOLUTE_VALUE, MetricKind
from shared.errors import FieldViolation

LEAST_LEVEL: Final = 1 / MAX_ABSOLUTE_VALUE
LEAST_LIFT: Final = 1e-6
MOST_LIFT: Final = 1e6
LEAST_ALPHA: Final = 1e-9
_SHARE_TOLERANCE: Final = 1e-6


def of_metrics(metrics: Sequence[MetricProfile], root: str) -> Iterator[FieldViolation]:
    """Yields what cannot be of metrics that a request has at a path."""
    ids = [metric.metric_id for metric in metrics]
    for place, metric in enumerate(metrics):
        if metric.metric_id in ids[:place]:
            yield FieldViolation(f"{root}[{place}].metric_id", f"{metric.metric_id} is there twice")
        yield from of_metric(metric, f"{root}[{place}]")


def of_metric(metric: MetricProfile, path: str) -> Iterator[FieldViolation]:
    """Yields what cannot be of one metric."""
    for name in ("baseline", "standard_deviation"):
        level = getattr(metric, name)
        if level is not None and level != 0 and not LEAST_LEVEL <= abs(level) <= MAX_ABSOLUTE_VALUE:
            allowed = f"must be 0, or from {LEAST_LEVEL:g} to {MAX_ABSOLUTE_VALUE:g} either way"
            yield FieldViolation(f"{path}.{name}", f"{level:g}, {allowed}")
    if metric.kind is MetricKind.PROPORTION and metric.baseline is not None and not 0 <= metric.baseline <= 1:
        yield FieldViolation(f"{path}.baseline", f"{metric.baseline:g}, a rate must be in [0, 1]")
    if metric.relative_mde is not None and not metric.relative_mde >= LEAST_LIFT:
        yield FieldViolation(f"{path}.relative_mde", f"{metric.relative_mde:g}, must be {LEAST_LIFT:g} or more")


def of_numbers(
    root: str, *, relative_mde: float | None, alpha: float, past_lifts: Sequence[float] = ()
) -> Iterator[FieldViolation]:
    """Yields what cannot be of the numbers that a plan aims at; `root` is empty, or ends with a dot."""
    if relative_mde is not None and not relative_mde >= LEAST_LIFT:
        yield FieldViolation(f"{root}relative_mde", f"{relative_mde:g}, must be {LEAST_LIFT:g} or more")
    if not alpha >= LEAST_ALPHA:
        yield FieldViolation(f"{root}alpha", f"{alpha:g}, must be {LEAST_ALPHA:g} or more")
    for place, lift in enumerate(past_lifts):
        if not abs(lift) <= MOST_LIFT:
            yield FieldViolation(f"past_lifts[{place}]", f"{lift:g}, must be from -{MOST_LIFT:g} to {MOST_LIFT:g}")


def of_plan(plan: DesignPlan) -> Iterator[FieldViolation]:
    """Yields what cannot be of the shares and the ramp of somebody's own plan."""
    if not (
        all(share > 0 for share in plan.arm_shares) and math.isclose(sum(plan.arm_shares), 1, abs_tol=_SHARE_TOLERANCE)
    ):
        yield FieldViolation("plan.arm_shares", "must be above 0 each, and together 1")
    for place, step in enumerate(plan.ramp):
        if step.duration.total_seconds() <= 0:
            yield FieldViolation(f"plan.ramp[{place}].duration", "must be above 0")
