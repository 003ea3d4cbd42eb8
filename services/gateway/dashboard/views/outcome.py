"""What the newest analysis of an experiment says: decision, results, their course, health, words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from experimentation.v1 import analysis_pb2
from services.gateway.dashboard import formatting
from services.gateway.dashboard.charts.chart import Chart
from services.gateway.dashboard.views import badges
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.health import HealthView, health_view
from services.gateway.dashboard.views.messages import enum_words, maybe, moment
from services.gateway.dashboard.views.results import ResultGroup, result_groups
from services.gateway.dashboard.views.segments import SegmentTable, segment_table
from services.gateway.dashboard.views.series import estimate_chart
from services.gateway.dashboard.views.statements import (
    ProvenanceView,
    StatementView,
    provenance,
    statement,
    statements,
)

_LOOKING: Final = {
    analysis_pb2.LOOKING_POLICY_AT_END: "judged once, at the planned end",
    analysis_pb2.LOOKING_POLICY_ANY_TIME: "may be looked at any time",
    analysis_pb2.LOOKING_POLICY_PLANNED_LOOKS: "judged at planned looks",
}
_ELSEWHERE: Final = {
    analysis_pb2.DATA_SOURCE_AGGREGATES: "sums that were supplied",
    analysis_pb2.DATA_SOURCE_WAREHOUSE: "a table of a warehouse",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Is what the newest analysis says; `elsewhere` says where its data came from if they are not recorded here."""

    analysis_id: str
    version: int
    as_of: datetime | None
    created_at: datetime | None
    elsewhere: str
    decision: Badge
    ships: str
    recommendation: StatementView
    reasons: tuple[StatementView, ...]
    groups: tuple[ResultGroup, ...]
    segments: SegmentTable | None
    series: Chart | None
    health: HealthView
    statements: tuple[StatementView, ...]
    next_steps: tuple[StatementView, ...]
    would_change: tuple[StatementView, ...]
    provenance: ProvenanceView
    change_request_id: str
    rules: tuple[str, ...]


def outcome_view(
    analyses: Sequence[analysis_pb2.ExperimentAnalysis],
    *,
    method: str,
    scale: str,
    arms: Mapping[str, str],
    metrics: Mapping[str, str],
) -> Outcome | None:
    """Returns what the first of the analyses says, and the course of all; None without any.

    Args:
        analyses: The newest first.
        method: One of results.METHODS.
        scale: One of results.SCALES.
        arms: Are the names of arms, by id.
        metrics: Are the names of metrics, by id.
    """
    if not analyses:
        return None
    newest = analyses[0]
    shipped = newest.decision.arm_id
    return Outcome(
        analysis_id=newest.analysis_id,
        version=newest.version,
        as_of=moment(newest, "as_of"),
        created_at=moment(newest, "created_at"),
        elsewhere=_ELSEWHERE.get(newest.data_source, ""),
        decision=badges.decision(newest.decision.verdict),
        ships=arms.get(shipped, shipped),
        recommendation=statement(newest.decision.text),
        reasons=statements(newest.decision.reasons),
        groups=result_groups(newest, method=method, scale=scale, arms=arms, metrics=metrics),
        segments=segment_table(newest, scale=scale, arms=arms, metrics=metrics),
        series=estimate_chart(analyses, scale=scale, arms=arms, metrics=metrics),
        health=health_view(newest, arms),
        statements=statements(newest.statements),
        next_steps=statements(newest.next_steps),
        would_change=statements(newest.what_would_change),
        provenance=provenance(newest.provenance),
        change_request_id=newest.change_request_id,
        rules=_rules(newest),
    )


def _rules(analysis: analysis_pb2.ExperimentAnalysis) -> tuple[str, ...]:
    """Returns how the data were judged, in words."""
    plan = analysis.plan
    level = 1 - (plan.alpha or 0.05)
    mde = maybe(plan, "relative_mde")
    looking = _LOOKING.get(plan.looking_policy) or (
        _LOOKING[analysis_pb2.LOOKING_POLICY_AT_END]
        if plan.units_per_arm
        else _LOOKING[analysis_pb2.LOOKING_POLICY_ANY_TIME]
    )
    source = enum_words(analysis_pb2.DataSource.DESCRIPTOR, analysis.data_source)
    rules = [
        f"{formatting.share(level, digits=0)} intervals",
        looking,
        "" if not plan.units_per_arm else f"planned: {formatting.count(plan.units_per_arm)} units an arm",
        "" if mde is None else f"for a lift of {formatting.share(mde)}",
        f"data from {_ELSEWHERE.get(analysis.data_source) or source}",
    ]
    return tuple(rule for rule in rules if rule)
