"""Recommends a design: metrics, split, sample, weeks, ramp, looks; then has it judged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np

from services.ai.domain.design import wishes as wished
from services.ai.domain.design.allocation import algorithm_for, policy_for, shares_for
from services.ai.domain.design.assumptions import assumptions_of, on_the_sample
from services.ai.domain.design.choosing import Chosen, choose, mde_of
from services.ai.domain.design.judging import Judged, judge
from services.ai.domain.design.plan import DesignPlan, DetectableLift, RampStep
from services.ai.domain.design.sizing import (
    Judging,
    detectable_lifts,
    margin_of,
    plain_baseline,
    planned_baseline,
    required,
    required_for_guardrail,
    units_in,
    uses_covariate,
    weeks_for,
)
from services.ai.domain.design.wishes import DesignAim, DesignWishes, missing_of
from services.ai.domain.looking import LookingPolicy
from services.ai.domain.metrics import MetricProfile
from shared.definition.allocation import Algorithm
from shared.errors import invalid_field
from shared.statistics.planning.answers import SampleSize

RAMP: Final = (0.05, 0.2, 0.5)
"""Shares of the traffic, a day each, before all of it (Xu, Duan and Huang 2018: 5 % or less where risk is high)."""

_GATE: Final = "the sample ratio passes and no guardrail is shown to be worse"


@dataclass(frozen=True, slots=True)
class RecommendedDesign:
    """Is a recommended plan with what it rests on, in numbers.

    Attributes:
        required_units: What the plan's power needs, by arm; more than come where `plan` is not reachable.
        units_without_covariate: What it would need without values from before the start.
        available_units: Of all arms, that come within the plan's duration.
        reachable: Whether enough come within the weeks that it may take.
        guardrails_reachable: Whether enough come to show the guardrails within their margins.
        judged: What the rules say.
        recommended: Whether no rule blocks it.
    """

    wishes: DesignWishes
    chosen: Chosen
    plan: DesignPlan
    required_units: tuple[int, ...]
    units_without_covariate: tuple[int, ...]
    available_units: int
    reachable: bool
    guardrails_reachable: bool
    detectable_lifts: tuple[DetectableLift, ...]
    judged: Judged
    assumptions: tuple[str, ...]

    @property
    def recommended(self) -> bool:
        """Says whether no rule blocks the plan."""
        return self.judged.acceptable

    @property
    def weeks(self) -> int:
        """Returns the whole weeks that it takes."""
        return self.plan.day_count // 7


def recommend(wishes: DesignWishes) -> RecommendedDesign:
    """Returns the design that suits the wishes, judged.

    Raises:
        InvalidArgument: INVALID_FIELD: wishes that cannot be planned for, with what has to be said instead.
    """
    wished.check(wishes)
    draft = Judging(_equal(wishes.arm_count), wishes.alpha, wishes.power)
    chosen = choose(wishes, draft)
    algorithm = algorithm_for(wishes.aim, chosen.primary, wishes.arm_count)
    judging = Judging(
        shares_for(algorithm, wishes.arm_count),
        wishes.alpha,
        wishes.power,
        _looking(wishes.aim),
        guardrail_count=len(chosen.guardrails),
    )
    mde = mde_of(wishes, chosen.primary)
    needed = _required(chosen.primary, judging, mde)
    guarded, most_demanding = _required_by_guardrails(chosen.guardrails, judging)
    ramp = _ramp(wishes)
    enough = weeks_for(needed.arms.sum(), wishes.traffic, most=wishes.most_weeks, ramp=ramp)
    safe = weeks_for(max(needed.arms.sum(), guarded), wishes.traffic, most=wishes.most_weeks, ramp=ramp)
    weeks = safe or enough or wishes.most_weeks
    driver = most_demanding if safe and guarded > needed.arms.sum() else None
    plan = _plan(
        wishes,
        chosen,
        algorithm,
        judging,
        mde=mde,
        weeks=weeks,
        units=_units(needed, judging, guarded, safe),
        ramp=ramp,
    )
    judged = judge(plan, wishes.metrics, wishes.traffic, description=wishes.description, past_lifts=wishes.past_lifts)
    return RecommendedDesign(
        wishes=wishes,
        chosen=chosen,
        plan=plan,
        required_units=_whole(needed),
        units_without_covariate=_whole(
            required(_unadjusted(chosen.primary), plain_baseline(chosen.primary), judging, lift=mde)
        ),
        available_units=units_in(weeks, wishes.traffic, ramp),
        reachable=enough is not None,
        guardrails_reachable=safe is not None,
        detectable_lifts=detectable_lifts(
            chosen.primary, judging, wishes.traffic, most_weeks=wishes.most_weeks, ramp=ramp
        ),
        judged=judged,
        assumptions=(
            *assumptions_of(wishes, chosen, plan),
            *on_the_sample(plan, alone=_alone(chosen, judging, mde), driver=driver),
            *judged.unchecked,
        ),
    )


def _equal(arm_count: int) -> tuple[float, ...]:
    return (1 / arm_count,) * arm_count


def _looking(aim: DesignAim) -> LookingPolicy:
    """Returns when one may look: once takes the fewest units; to stop as soon as it is decided, at any time."""
    return LookingPolicy.AT_END if aim is DesignAim.LEARN else LookingPolicy.ANY_TIME


def _required(metric: MetricProfile, judging: Judging, mde: float) -> SampleSize:
    needed = required(metric, planned_baseline(metric), judging, lift=mde)
    if needed.obstacle:
        raise invalid_field("relative_mde", f"{mde:g}, {metric.metric_id} cannot change by that much")
    return needed


def _required_by_guardrails(
    guardrails: Sequence[MetricProfile], judging: Judging
) -> tuple[float, MetricProfile | None]:
    """Returns the units that the most demanding guardrail takes, and which; 0 where none is known well enough."""
    sizes = [(required_for_guardrail(one, judging), one) for one in guardrails if not missing_of(one, "")]
    found = [(float(size.arms.sum()), one) for size, one in sizes if not size.obstacle]
    return max(found, key=lambda each: each[0], default=(0.0, None))


def _alone(chosen: Chosen, judging: Judging, mde: float) -> float:
    """Returns the units that the primary metric would take without guardrails."""
    return float(_required(chosen.primary, replace(judging, guardrail_count=0), mde).arms.sum())


def _units(needed: SampleSize, judging: Judging, guarded: float, safe: int | None) -> tuple[int, ...]:
    """Returns the planned units by arm: the guardrails' too, where these are within reach."""
    total = max(float(needed.total), guarded if safe else 0.0)
    return tuple(int(units) for units in np.ceil(total * np.array(judging.shares) * (1 - 1e-12)))


def _whole(size: SampleSize) -> tuple[int, ...]:
    return tuple(int(units) for units in size.arms)


def _unadjusted(metric: MetricProfile) -> MetricProfile:
    return replace(metric, pre_period_correlation=None)


def _ramp(wishes: DesignWishes) -> tuple[RampStep, ...]:
    day = timedelta(days=1)
    return tuple(RampStep(share * wishes.traffic.share, day, _GATE) for share in RAMP)


def _plan(
    wishes: DesignWishes,
    chosen: Chosen,
    algorithm: Algorithm,
    judging: Judging,
    *,
    mde: float,
    weeks: int,
    units: tuple[int, ...],
    ramp: tuple[RampStep, ...],
) -> DesignPlan:
    margin = margin_of(chosen.guardrails[0]) if chosen.guardrails else None
    return DesignPlan(
        primary_metric_id=chosen.primary.metric_id,
        secondary_metric_ids=tuple(one.metric_id for one in chosen.secondary),
        guardrail_metric_ids=tuple(one.metric_id for one in chosen.guardrails),
        arm_shares=judging.shares,
        traffic_share=wishes.traffic.share,
        allocation_policy=policy_for(
            algorithm,
            arm_count=wishes.arm_count,
            day_count=7 * weeks,
            unit_count=sum(units),
            alpha=wishes.alpha,
            margin=margin,
        ),
        units_per_arm=units,
        duration=timedelta(weeks=weeks),
        alpha=wishes.alpha,
        power=wishes.power,
        relative_mde=mde,
        looking_policy=judging.looking,
        ramp=ramp,
        variance_reduction=any(uses_covariate(one) for one in (chosen.primary, *chosen.guardrails)),
    )
