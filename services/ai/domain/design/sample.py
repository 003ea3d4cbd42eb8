"""How many units one metric takes, and for how many weeks: the answer without a design around it."""

from dataclasses import dataclass
from typing import Final

from services.ai.domain.design.plan import DetectableLift
from services.ai.domain.design.sizing import Judging, detectable_lifts, planned_baseline, required, weeks_for
from services.ai.domain.design.wishes import MOST_ARMS, missing_of
from services.ai.domain.metrics import MetricProfile, TrafficProfile
from shared.errors import invalid_field, invalid_fields

MOST_WEEKS: Final = 52
TABLE_WEEKS: Final = 8


@dataclass(frozen=True, slots=True)
class PlannedSize:
    """Is how many units a test takes.

    Attributes:
        units_per_arm: Of equal arms.
        weeks: Whole weeks; None: without traffic, or more than a year.
        detectable_lifts: By weeks; empty without traffic.
    """

    units_per_arm: int
    unit_count: int
    weeks: int | None = None
    detectable_lifts: tuple[DetectableLift, ...] = ()


def plan_size(
    metric: MetricProfile,
    *,
    relative_mde: float,
    arm_count: int = 2,
    alpha: float = 0.05,
    power: float = 0.8,
    traffic: TrafficProfile | None = None,
) -> PlannedSize:
    """Returns how many units it takes to find a lift at one look, of all treatments at one error rate.

    Raises:
        InvalidArgument: INVALID_FIELD: what has to be known of the metric is missing, or a number is out of range.
    """
    if missing := missing_of(metric, "metric"):
        raise invalid_fields(missing)
    if not 2 <= arm_count <= MOST_ARMS:
        raise invalid_field("arm_count", f"{arm_count}, must be from 2 to {MOST_ARMS}")
    if not 0 < relative_mde <= 10:
        raise invalid_field("relative_mde", f"{relative_mde:g}, must be above 0 and up to 10")
    judging = Judging((1 / arm_count,) * arm_count, alpha, power)
    size = required(metric, planned_baseline(metric), judging, lift=relative_mde)
    if size.obstacle:
        raise invalid_field("relative_mde", f"{relative_mde:g}, {metric.metric_id} cannot change by that much")
    total = int(size.arms.sum())
    if traffic is None:
        return PlannedSize(int(size.arms.max()), total)
    table = detectable_lifts(metric, judging, traffic, most_weeks=TABLE_WEEKS)
    return PlannedSize(int(size.arms.max()), total, weeks_for(total, traffic, most=MOST_WEEKS), table)
