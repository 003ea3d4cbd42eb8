"""The use cases that plan at once, and store nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.ai.domain.design import bounds
from services.ai.domain.design.judging import Judged, judge
from services.ai.domain.design.plan import DesignPlan
from services.ai.domain.design.sample import PlannedSize, plan_size
from services.ai.domain.metrics import MetricProfile, TrafficProfile
from shared.errors import FieldViolation, invalid_fields


@dataclass(frozen=True, slots=True)
class SizeQuestion:
    """Is which size is asked for; see `plan_size`."""

    metric: MetricProfile
    relative_mde: float
    arm_count: int
    alpha: float
    power: float
    traffic: TrafficProfile | None


@dataclass(frozen=True, slots=True)
class PlanQuestion:
    """Is which plan is asked about; see `judge`."""

    plan: DesignPlan
    metrics: tuple[MetricProfile, ...]
    traffic: TrafficProfile
    description: str = ""
    past_lifts: tuple[float, ...] = ()


def size(asked: SizeQuestion) -> PlannedSize:
    """Returns how many units a test takes.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    _refuse(
        [
            *bounds.of_metric(asked.metric, "metric"),
            *bounds.of_numbers("", relative_mde=asked.relative_mde, alpha=asked.alpha),
        ]
    )
    return plan_size(
        asked.metric,
        relative_mde=asked.relative_mde,
        arm_count=asked.arm_count,
        alpha=asked.alpha,
        power=asked.power,
        traffic=asked.traffic,
    )


def judged(asked: PlanQuestion) -> Judged:
    """Returns what the rules say of somebody's own plan.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    plan, lifts = asked.plan, asked.past_lifts
    _refuse(
        [
            *bounds.of_metrics(asked.metrics, "metrics"),
            *bounds.of_numbers("plan.", relative_mde=plan.relative_mde, alpha=plan.alpha, past_lifts=lifts),
            *bounds.of_plan(plan),
        ]
    )
    return judge(plan, asked.metrics, asked.traffic, description=asked.description, past_lifts=lifts)


def _refuse(violations: Sequence[FieldViolation]) -> None:
    if violations:
        raise invalid_fields(violations)
