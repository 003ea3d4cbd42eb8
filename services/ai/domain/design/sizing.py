"""How many units a metric takes, for how many whole weeks, and what each number of weeks could show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from services.ai.domain.design.plan import DetectableLift, RampStep
from services.ai.domain.looking import LookingPolicy
from services.ai.domain.metrics import DEFAULT_RELATIVE_MDE, MetricProfile, TrafficProfile
from shared.definition.model import MetricDirection, MetricKind
from shared.statistics.design.thresholds import Thresholds
from shared.statistics.planning.answers import SampleSize
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.familywise import Multiplicity
from shared.statistics.planning.minimum_effect import minimum_effect
from shared.statistics.planning.monitoring import AnyTime, FixedLook, GroupSequential, Monitoring
from shared.statistics.planning.plan import NonInferiority, Plan, Scale, StandardError
from shared.statistics.planning.sample_size import sample_size
from shared.statistics.result.method import Alternative

LEAST_WEEKS: Final = 2
"""Of a recommendation, where so many are allowed: one week tells nothing of an odd one (design rule D03)."""

WORTHY_CORRELATION: Final = Thresholds().worthy_correlation
LOOKS: Final = (0.25, 0.5, 0.75, 1.0)
"""Of a group-sequential plan: four, equally spaced in units."""


@dataclass(frozen=True, slots=True)
class Judging:
    """Says how the comparisons are going to be judged."""

    shares: tuple[float, ...]
    alpha: float
    power: float
    looking: LookingPolicy = LookingPolicy.AT_END
    guardrail_count: int = 0

    def plan(self, *, pooled: bool) -> Plan:
        """Returns the plan of the primary metric's comparisons, of which alpha is the chance of any error."""
        monitoring = self._monitoring()
        return Plan(
            shares=self.shares,
            alpha=self.alpha,
            power=self.power,
            monitoring=monitoring,
            multiplicity=Multiplicity.NONE if len(self.shares) == 2 else Multiplicity.BONFERRONI,
            guardrail_count=self.guardrail_count,
            standard_error=StandardError.POOLED
            if pooled and isinstance(monitoring, FixedLook)
            else StandardError.UNPOOLED,
        )

    def _monitoring(self) -> Monitoring:
        match self.looking:
            case LookingPolicy.AT_END:
                return FixedLook()
            case LookingPolicy.ANY_TIME:
                return AnyTime()
            case LookingPolicy.PLANNED_LOOKS:
                return GroupSequential(LOOKS)


def uses_covariate(metric: MetricProfile) -> bool:
    """Says whether values from before the start are worth using: from a correlation of 0.3 on they save 9 %."""
    return (
        abs(metric.pre_period_correlation or 0.0) >= WORTHY_CORRELATION and abs(metric.pre_period_correlation or 0) < 1
    )


def plain_baseline(metric: MetricProfile) -> Baseline:
    """Returns what is known of a metric; of one of which nothing is missing (`wishes.missing_of`)."""
    level = metric.baseline or 0.0
    if metric.kind is MetricKind.PROPORTION:
        return Baseline.proportion(level)
    return Baseline.mean(level, (metric.standard_deviation or 0.0) ** 2)


def planned_baseline(metric: MetricProfile) -> Baseline:
    """Returns the same as it is going to be analysed: adjusted for values from before the start where they help."""
    plain = plain_baseline(metric)
    return plain.with_covariates((metric.pre_period_correlation or 0.0) ** 2) if uses_covariate(metric) else plain


def plan_for(metric: MetricProfile, judging: Judging) -> Plan:
    """Returns the plan of a metric's test: the score test of plain proportions pools, no other does."""
    return judging.plan(pooled=metric.kind is MetricKind.PROPORTION and not uses_covariate(metric))


def required(metric: MetricProfile, baseline: Baseline, judging: Judging, *, lift: float) -> SampleSize:
    """Returns the units that it takes to show a lift in the metric's good direction."""
    size = lift * abs(float(baseline.value))
    change = size if metric.direction is MetricDirection.MAXIMIZE else -size
    return sample_size(baseline, plan_for(metric, judging), difference=change)


def required_for_guardrail(metric: MetricProfile, judging: Judging) -> SampleSize:
    """Returns the units that it takes to show a guardrail within its margin where the change does nothing to it."""
    return sample_size(planned_baseline(metric), _guardrail_plan(metric, judging), difference=0.0)


def margin_of(metric: MetricProfile) -> float:
    """Returns by how much a guardrail may get worse, relative to the control."""
    return DEFAULT_RELATIVE_MDE if metric.relative_mde is None else metric.relative_mde


def _guardrail_plan(metric: MetricProfile, judging: Judging) -> Plan:
    """Returns the plan of a guardrail's test: analyses hold one end of its two-sided interval against the margin."""
    upward = metric.direction is MetricDirection.MAXIMIZE
    return Plan(
        shares=judging.shares,
        alpha=judging.alpha / 2,
        power=judging.power,
        alternative=Alternative.GREATER if upward else Alternative.LESS,
        claim=NonInferiority(min(margin_of(metric), 0.99) if upward else margin_of(metric), Scale.RELATIVE),
        monitoring=judging.plan(pooled=False).monitoring,
        guardrail_count=judging.guardrail_count,
    )


def units_in(weeks: int, traffic: TrafficProfile, ramp: Sequence[RampStep] = ()) -> int:
    """Returns the units that take part within whole weeks that begin with a ramp."""
    lost = sum((traffic.share - step.traffic_share) * (step.duration / timedelta(days=1)) for step in ramp)
    return int(traffic.units_per_day * max(traffic.share * 7 * weeks - lost, 0.0))


def weeks_for(unit_count: float, traffic: TrafficProfile, *, most: int, ramp: Sequence[RampStep] = ()) -> int | None:
    """Returns the least whole weeks that bring the units, two or more where they are allowed; None: too few come."""
    allowed = range(min(LEAST_WEEKS, most), most + 1)
    return next((weeks for weeks in allowed if units_in(weeks, traffic, ramp) >= unit_count), None)


def detectable_lifts(
    metric: MetricProfile,
    judging: Judging,
    traffic: TrafficProfile,
    *,
    most_weeks: int,
    ramp: Sequence[RampStep] = (),
) -> tuple[DetectableLift, ...]:
    """Returns what each number of whole weeks could show, as far as any lift could be shown."""
    weeks = list(range(1, most_weeks + 1))
    units = [units_in(one, traffic, ramp) for one in weeks]
    seen = [(week, count) for week, count in zip(weeks, units, strict=True) if count >= 1]
    if not seen:
        return ()
    found = minimum_effect(
        planned_baseline(metric), plan_for(metric, judging), unit_count=[float(count) for _, count in seen]
    )
    return tuple(
        DetectableLift(week, float(lift), int(count * min(judging.shares)))
        for (week, count), lift in zip(seen, np.abs(found.lift), strict=True)
        if np.isfinite(lift)
    )
