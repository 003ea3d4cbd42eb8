"""What the values of a metric, and their differences, are counted in."""

from services.ai.domain.grounding.kinds import Unit
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricKind


def level_unit(metric: MetricProfile) -> Unit:
    """Returns what a metric's values are counted in."""
    return Unit.SHARE if metric.kind is MetricKind.PROPORTION else Unit.VALUE


def difference_unit(metric: MetricProfile) -> Unit:
    """Returns what differences of a metric's values are counted in."""
    return Unit.POINTS if metric.kind is MetricKind.PROPORTION else Unit.VALUE
