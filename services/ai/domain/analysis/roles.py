"""Which metric decides, and what the others are for."""

from collections.abc import Sequence

from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricRole


def primary_of(metrics: Sequence[MetricProfile]) -> MetricProfile | None:
    """Returns the metric marked as primary, or else the first that is marked as nothing; the data have no say in it."""
    marked = (metric for metric in metrics if metric.role is MetricRole.PRIMARY)
    return next(marked, next((metric for metric in metrics if metric.role is None), None))


def roles_of(metrics: Sequence[MetricProfile]) -> tuple[MetricRole, ...]:
    """Returns what each metric is for, in order: what is marked as nothing and does not decide is secondary."""
    primary = primary_of(metrics)
    return tuple(MetricRole.PRIMARY if metric is primary else metric.role or MetricRole.SECONDARY for metric in metrics)
