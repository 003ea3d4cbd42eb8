"""What if: a design's plan with other numbers, held against the rules and computed anew by the AI service."""

import asyncio
from dataclasses import dataclass
from typing import Final

from experimentation.v1 import analysis_pb2, hypothesis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from experimentation.v1.metrics_pb2 import MetricProfile
from services.gateway.dashboard import formatting
from services.gateway.dashboard.answers import Missing, ask, missing
from services.gateway.dashboard.charts.chart import Chart
from services.gateway.dashboard.views.designs import WEEK_SECONDS, FindingView, by_weeks, findings, looking
from services.gateway.dashboard.visit import Visit
from shared.errors import invalid_field

LOOKING: Final = {"at-end": "Once, at the end", "any-time": "At any time", "planned-looks": "At planned looks"}
_FIELDS: Final = ("mde", "weeks", "alpha", "power", "units_per_day", "control_share")


@dataclass(frozen=True, slots=True)
class Tried:
    """Is what came of other numbers."""

    values: dict[str, str]
    looking: str
    changed: bool
    acceptable: bool | None
    findings: tuple[FindingView, ...]
    unchecked: tuple[str, ...]
    units: str
    weeks: str
    left_out: str
    chart: Chart | None
    missing: tuple[Missing, ...]


async def tried(visit: Visit, design: hypothesis_pb2.Design) -> Tried:
    """Returns what comes of the numbers in the query; those of the design where it has none.

    Raises:
        InvalidArgument: A number is none.
    """
    values, looks = _values(visit, design)
    plan, traffic = _plan(design, values, looks), hypothesis_pb2.Design()
    traffic.traffic.CopyFrom(design.traffic)
    traffic.traffic.units_per_day = values["units_per_day"]
    metric = next((one for one in design.metrics if one.metric_id == plan.primary_metric_id), MetricProfile())
    rules, size = await asyncio.gather(
        ask(
            visit.call(
                visit.upstream.analysis.ValidateDesign,
                pb.ValidateDesignRequest(
                    plan=plan, metrics=design.metrics, traffic=traffic.traffic, description=design.description
                ),
                pb.ValidateDesignResponse,
            )
        ),
        ask(
            visit.call(
                visit.upstream.analysis.PlanSampleSize,
                pb.PlanSampleSizeRequest(
                    metric=metric,
                    relative_mde=plan.relative_mde,
                    arm_count=len(plan.arm_shares),
                    alpha=plan.alpha,
                    power=plan.power,
                    traffic=traffic.traffic,
                ),
                pb.PlanSampleSizeResponse,
            )
        ),
    )
    changed = (_shown(values), looks) != (_shown(_planned(design)), looking(design.plan.looking_policy))
    units, weeks = _size(size.value) if changed or not design.plan.units_per_arm else _size_of_plan(design.plan)
    return Tried(
        values=_shown(values),
        looking=looks,
        changed=changed,
        acceptable=rules.value.acceptable if rules.value else None,
        findings=findings(rules.value.findings if rules.value else ()),
        unchecked=tuple(rules.value.unchecked) if rules.value else (),
        units=units,
        weeks=weeks,
        left_out=_left_out(design.plan) if changed else "",
        chart=by_weeks(size.value.detectable_lifts, plan) if size.value else None,
        missing=missing(rules=rules, sample_size=size),
    )


def _size(size: pb.PlanSampleSizeResponse | None) -> tuple[str, str]:
    """Returns units of an arm, and weeks, as they were computed."""
    if size is None:
        return formatting.NOTHING, formatting.NOTHING
    return formatting.count(size.units_per_arm), f"{size.weeks} weeks" if size.HasField("weeks") else "more than a year"


def _size_of_plan(plan: hypothesis_pb2.DesignPlan) -> tuple[str, str]:
    """Returns units of an arm, and weeks, as they are planned: for guardrails and the ramp too."""
    least, most = formatting.count(min(plan.units_per_arm)), formatting.count(max(plan.units_per_arm))
    return least if least == most else f"{least} to {most}", f"{plan.duration.seconds / WEEK_SECONDS:.3g} weeks"


def _left_out(plan: hypothesis_pb2.DesignPlan) -> str:
    """Says what units and weeks of other numbers are not for, of what the plan is for."""
    parts = [
        "guardrails" if plan.guardrail_metric_ids else "",
        "the ramp" if plan.ramp else "",
        "looking before the end",
        "arms of other sizes",
    ]
    return f"Units and weeks are for the primary metric alone; left out: {', '.join(filter(None, parts))}."


def _planned(design: hypothesis_pb2.Design) -> dict[str, float]:
    plan = design.plan
    return {
        "mde": plan.relative_mde * 100,
        "weeks": plan.duration.seconds / WEEK_SECONDS,
        "alpha": plan.alpha or 0.05,
        "power": (plan.power or 0.8) * 100,
        "units_per_day": design.traffic.units_per_day,
        "control_share": plan.arm_shares[0] * 100 if plan.arm_shares else 50.0,
    }


def _values(visit: Visit, design: hypothesis_pb2.Design) -> tuple[dict[str, float], str]:
    values = _planned(design)
    for name in _FIELDS:
        text = visit.asked(name)
        try:
            values[name] = float(text) if text else values[name]
        except ValueError as error:
            raise invalid_field(name, "must be a number") from error
        if not 0 < values[name] < 1e12:
            raise invalid_field(name, "must be above 0 and finite")
    asked = visit.asked("looking")
    return values, asked if asked in LOOKING else looking(design.plan.looking_policy)


def _plan(design: hypothesis_pb2.Design, values: dict[str, float], looks: str) -> hypothesis_pb2.DesignPlan:
    plan = hypothesis_pb2.DesignPlan()
    plan.CopyFrom(design.plan)
    plan.relative_mde, plan.alpha, plan.power = values["mde"] / 100, values["alpha"], values["power"] / 100
    plan.duration.seconds, plan.duration.nanos = round(values["weeks"] * WEEK_SECONDS), 0
    plan.looking_policy = analysis_pb2.LookingPolicy.Value(f"LOOKING_POLICY_{looks.upper().replace('-', '_')}")
    others = max(len(plan.arm_shares) - 1, 1)
    control = min(values["control_share"] / 100, 1.0)
    if design.plan.arm_shares and abs(control - design.plan.arm_shares[0]) > 1e-9:
        plan.arm_shares[:] = [control, *[(1 - control) / others] * others]
        plan.allocation_policy.Clear()
    return plan


def _shown(values: dict[str, float]) -> dict[str, str]:
    return {name: f"{value:.6g}" for name, value in values.items()}
