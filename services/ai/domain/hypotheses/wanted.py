"""Which way an effect has to go to be good."""

from services.ai.domain.hypotheses.model import EffectDirection
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricDirection


def wanted_direction(metric: MetricProfile) -> EffectDirection:
    """Returns the direction that is wanted of a metric."""
    return EffectDirection.INCREASE if metric.direction is MetricDirection.MAXIMIZE else EffectDirection.DECREASE
