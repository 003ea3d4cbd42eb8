"""Designs: the plan, what the rules found, what can be detected by when, and why it is as it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from experimentation.v1 import analysis_pb2
from experimentation.v1 import hypothesis_pb2 as pb
from experimentation.v1.metrics_pb2 import MetricProfile
from services.gateway.dashboard import formatting
from services.gateway.dashboard.charts.chart import Chart
from services.gateway.dashboard.charts.detectable_effect import WeekPoint, effect_by_weeks
from services.gateway.dashboard.charts.shares import shares
from services.gateway.dashboard.views import badges
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.messages import ALGORITHMS, enum_words, moment
from services.gateway.dashboard.views.statements import ProvenanceView, StatementView, provenance, statements

WEEK_SECONDS: Final = 7 * 86400
RECOMMENDED: Final = Badge("Recommended", "good", "✓")
BLOCKED: Final = Badge("Not recommended", "bad", "✗")
_LOOKING: Final = {
    "at-end": "once, at the planned end",
    "any-time": "at any time",
    "planned-looks": "at planned looks",
}


@dataclass(frozen=True, slots=True)
class FindingView:
    """Is what a rule found."""

    rule_id: str
    badge: Badge
    message: str
    source: str


@dataclass(frozen=True, slots=True)
class DesignRow:
    """Is a design at a glance."""

    design_id: str
    description: str
    metric: str
    badge: Badge
    weeks: str
    mde: str
    experiment_id: str
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class DesignView:
    """Is a design in full."""

    row: DesignRow
    hypothesis_id: str
    pairs: tuple[tuple[str, str], ...]
    findings: tuple[FindingView, ...]
    ramp: tuple[tuple[str, str, str], ...]
    arms: tuple[tuple[str, str, str, str], ...]
    reachable: bool
    guardrails_reachable: bool
    available_units: str
    assumptions: tuple[str, ...]
    reasons: tuple[StatementView, ...]
    risks: tuple[StatementView, ...]
    provenance: ProvenanceView
    change_request_id: str
    by_weeks: Chart | None
    split: Chart | None


def design_rows(designs: Iterable[pb.Design]) -> tuple[DesignRow, ...]:
    """Returns designs at a glance, in the order given."""
    return tuple(_row(one) for one in designs)


def design_view(design: pb.Design) -> DesignView:
    """Returns a design in full."""
    plan, arms = design.plan, arm_labels(len(design.plan.arm_shares))
    return DesignView(
        row=_row(design),
        hypothesis_id=design.hypothesis_id,
        pairs=tuple(_pairs(design)),
        findings=findings(design.findings),
        ramp=tuple(
            (formatting.share(step.traffic_share, digits=0), formatting.span(step.duration.ToTimedelta()), step.gate)
            for step in plan.ramp
        ),
        arms=tuple(_arms(design, arms)),
        reachable=design.reachable,
        guardrails_reachable=design.guardrails_reachable,
        available_units=formatting.count(design.available_units),
        assumptions=tuple(design.assumptions),
        reasons=statements(design.reasons),
        risks=statements(design.risks),
        provenance=provenance(design.provenance),
        change_request_id=design.change_request_id,
        by_weeks=by_weeks(design.detectable_lifts, plan),
        split=shares("split", "Split of the units", list(zip(arms, plan.arm_shares, strict=True))),
    )


def findings(messages: Iterable[pb.DesignFinding]) -> tuple[FindingView, ...]:
    """Returns what rules found, in the order given."""
    return tuple(FindingView(one.rule_id, badges.finding(one.severity), one.message, one.source) for one in messages)


def by_weeks(lifts: Sequence[pb.DetectableLift], plan: pb.DesignPlan) -> Chart | None:
    """Returns what can be detected by when, with what is planned and wanted marked."""
    points = [WeekPoint(one.week_count, one.relative_lift) for one in lifts]
    weeks = plan.duration.seconds / WEEK_SECONDS
    return effect_by_weeks(points, planned_weeks=weeks or None, wanted_effect=plan.relative_mde or None)


def arm_labels(count: int) -> list[str]:
    """Returns how the arms of a plan are called, the control first."""
    return ["control", *(f"variant {place}" for place in range(1, count))][:count]


def looking(policy: int) -> str:
    """Returns when one may look, as forms name it."""
    short = enum_words(analysis_pb2.LookingPolicy.DESCRIPTOR, policy).replace(" ", "-")
    return short if short in _LOOKING else "at-end"


def _row(one: pb.Design) -> DesignRow:
    plan = one.plan
    return DesignRow(
        one.design_id,
        one.description,
        _names(one.metrics).get(plan.primary_metric_id, plan.primary_metric_id),
        RECOMMENDED if one.recommended else BLOCKED,
        f"{plan.duration.seconds / WEEK_SECONDS:.3g} weeks",
        formatting.share(plan.relative_mde),
        one.experiment_id,
        moment(one, "created_at"),
    )


def _pairs(design: pb.Design) -> list[tuple[str, str]]:
    plan, names = design.plan, _names(design.metrics)

    def called(ids: Iterable[str]) -> str:
        return ", ".join(names.get(one, one) for one in ids)

    algorithm = plan.allocation_policy.WhichOneof("algorithm") or "fixed_split"
    pairs = [
        ("Decides", called([plan.primary_metric_id])),
        ("Must not get worse", called(plan.guardrail_metric_ids)),
        ("Explains", called(plan.secondary_metric_ids)),
        ("Allocation", ALGORITHMS.get(str(algorithm), str(algorithm))),
        ("Runs for", f"{plan.duration.seconds / WEEK_SECONDS:.3g} weeks"),
        ("Finds a lift of", formatting.share(plan.relative_mde)),
        ("Error rate", formatting.share(plan.alpha or 0.05)),
        ("Power", formatting.share(plan.power or 0.8, digits=0)),
        ("One may look", _LOOKING[looking(plan.looking_policy)]),
        ("Traffic", f"{formatting.share(plan.traffic_share or 1.0, digits=0)} of {_daily(design)} units a day"),
        ("Variance reduction", "by values from before the start" if plan.variance_reduction else "none"),
    ]
    return [(label, value) for label, value in pairs if value]


def _daily(design: pb.Design) -> str:
    return formatting.count(design.traffic.units_per_day * (design.traffic.share or 1.0))


def _arms(design: pb.Design, labels: Sequence[str]) -> Iterable[tuple[str, str, str, str]]:
    """Yields label, share, units planned, units needed."""
    for place, label in enumerate(labels):
        planned, needed = design.plan.units_per_arm, design.required_units
        yield (
            label,
            formatting.share(design.plan.arm_shares[place]),
            formatting.count(planned[place]) if place < len(planned) else formatting.NOTHING,
            formatting.count(needed[place]) if place < len(needed) else formatting.NOTHING,
        )


def _names(metrics: Iterable[MetricProfile]) -> dict[str, str]:
    return {one.metric_id: one.display_name or one.metric_id for one in metrics}
