"""What an experiment's definition says of its analysis: arms in order, and metrics with what is known of them."""

from collections.abc import Mapping

from services.ai.domain.metrics import MetricProfile
from shared.definition.model import Experiment, FixedSplit, Metric, MetricRole


def arm_ids_of(experiment: Experiment) -> tuple[str, ...]:
    """Returns the ids of the arms, the control first."""
    others = [arm.arm_id for arm in experiment.arms if not arm.control]
    return (experiment.control.arm_id, *others)


def profiles_of(experiment: Experiment) -> tuple[MetricProfile, ...]:
    """Returns the metrics; a guardrail may get worse by as much as pauses its arms, where that is declared."""
    return tuple(_profile(metric, experiment) for metric in experiment.metrics)


def planned_shares_of(experiment: Experiment) -> Mapping[str, float]:
    """Returns the shares of units that a fixed split gives its arms; none where weights follow the data."""
    algorithm = experiment.allocation_policy.algorithm
    if not isinstance(algorithm, FixedSplit):
        return {}
    weights = {one.arm_id: one.weight for one in algorithm.weights}
    given = {arm.arm_id: weights.get(arm.arm_id, 0.0) if weights else 1.0 for arm in experiment.arms}
    return {arm_id: weight / sum(given.values()) for arm_id, weight in given.items()}


def _profile(metric: Metric, experiment: Experiment) -> MetricProfile:
    pause = experiment.allocation_policy.controls.guardrail_pause
    margin = pause.margin if pause and metric.role is MetricRole.GUARDRAIL else 0.0
    return MetricProfile(
        metric_id=metric.metric_id,
        kind=metric.kind,
        display_name=metric.display_name,
        direction=metric.direction,
        role=metric.role,
        relative_mde=margin or None,
        revenue=metric.revenue,
    )
