"""Analyses for people: a table of them, and all that one says."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from experimentation.v1 import analysis_pb2 as pb
from experimentation.v1 import analysis_service_pb2 as service_pb
from experimentation.v1 import common_pb2
from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from services.admin import jobs, paging, segments, tables
from services.admin.clients import CALL_SECONDS
from services.admin.words import NOTHING, enum_name, instant, plural
from shared.rpc import client

_SOURCES: Final = {
    pb.DATA_SOURCE_STORE: "what the bandit recorded",
    pb.DATA_SOURCE_AGGREGATES: "sums that were supplied with the request; what is recorded here was not looked at",
    pb.DATA_SOURCE_WAREHOUSE: "a table in a warehouse; what is recorded here was not looked at",
}
_HEALTH: Final = {pb.HEALTH_STATUS_FAIL: "bold red", pb.HEALTH_STATUS_WARN: "yellow", pb.HEALTH_STATUS_PASS: "green"}


def get(stub: AnalysisServiceStub, analysis_id: str) -> pb.ExperimentAnalysis:
    """Returns one analysis.

    Raises:
        NotFound: ANALYSIS_NOT_FOUND.
    """
    request = service_pb.GetAnalysisRequest(analysis_id=analysis_id)
    return client.call(stub.GetAnalysis, request, timeout_seconds=CALL_SECONDS).analysis


def pages(
    stub: AnalysisServiceStub, request: service_pb.ListAnalysesRequest, *, limit: int
) -> Iterator[pb.ExperimentAnalysis]:
    """Yields analyses of a request, newest first, from all pages; `limit` is the most, 0: all."""
    yield from paging.pages(stub.ListAnalyses, request, "analyses", limit=limit)


def table(found: Sequence[pb.ExperimentAnalysis]) -> RenderableType:
    """Returns a row per analysis."""
    if not found:
        return Text("There are no analyses yet.")
    rows = tables.entries([each.analysis_id for each in found], "analysis", "decision", "words by", "as of (UTC)")
    for each in found:
        about = f"{each.experiment_id}, no. {each.version}, of {plural(each.unit_count, 'unit')}"
        rows.add_row(
            tables.entry(each.analysis_id, about),
            Text(verdict(each) + (" (changed)" if each.decision_changed else "")),
            Text(jobs.provider(each.provenance)),
            instant(each.as_of),
        )
    return rows


def drawing(analysis: pb.ExperimentAnalysis) -> RenderableType:
    """Returns all that an analysis says."""
    headline = Text.assemble(
        (analysis.experiment_id, "bold"), f": analysis {analysis.version}, as of {instant(analysis.as_of)} UTC"
    )
    parts: list[RenderableType] = [
        headline,
        Text(f"Data of {plural(analysis.unit_count, 'unit')}: {source(analysis)}."),
    ]
    parts += [Text(), Text.assemble((verdict(analysis).upper(), "bold"))]
    parts += [Text(analysis.decision.text.text)] if analysis.decision.text.text else []
    for title, statements in (
        ("Why:", analysis.decision.reasons),
        ("What the data say:", statements_beside_reasons(analysis)),
        ("What to do now:", analysis.next_steps),
        ("What would change this:", analysis.what_would_change),
    ):
        parts += [Text(), Text(title), tables.bullets(one.text for one in statements)] if statements else []
    parts += [Text(), comparisons(analysis.comparisons), *segments.parts(analysis), Text(), _health(analysis.health)]
    if analysis.change_request_id:
        parts += [Text(), Text(f"Change request: {analysis.change_request_id}")]
    return Group(*parts, Text(), Text(jobs.words_by(analysis.provenance), style="dim"))


def statements_beside_reasons(analysis: pb.ExperimentAnalysis) -> Sequence[pb.Statement]:
    """Returns what the data say, without what is said already as a reason for the decision."""
    said = {one.text for one in analysis.decision.reasons}
    return [one for one in analysis.statements if one.text not in said]


def verdict(analysis: pb.ExperimentAnalysis) -> str:
    """Returns what to do, with the arm to ship."""
    name = enum_name(pb.DecisionVerdict.DESCRIPTOR, analysis.decision.verdict)
    return f"{name} {analysis.decision.arm_id}".rstrip()


def source(analysis: pb.ExperimentAnalysis) -> str:
    """Returns where an analysis has its data from; the server may be newer."""
    return _SOURCES.get(analysis.data_source, enum_name(pb.DataSource.DESCRIPTOR, analysis.data_source))


def comparisons(found: Sequence[pb.ArmComparison]) -> RenderableType:
    """Returns a row per comparison with the control."""
    rows = tables.rows("metric", "role", "arm", "mean", "control", "lift", "interval", "p", "says")
    for one in found:
        lift = one.answer.relative_lift if one.answer.HasField("relative_lift") else None
        rows.add_row(
            Text(one.metric_id),
            enum_name(common_pb2.MetricRole.DESCRIPTOR, one.metric_role),
            Text(one.arm_id),
            f"{one.arm_mean:.4g}" if one.HasField("arm_mean") else NOTHING,
            f"{one.control_mean:.4g}" if one.HasField("control_mean") else NOTHING,
            f"{lift.estimate:+.1%}" if lift else NOTHING,
            segments.interval(lift) if lift else NOTHING,
            f"{one.answer.p_value:.3g}" if one.answer.HasField("p_value") else NOTHING,
            enum_name(pb.ComparisonStatus.DESCRIPTOR, one.status),
        )
    return rows


def _health(found: Sequence[pb.HealthFinding]) -> RenderableType:
    rows = tables.rows("check", "result", "arm", "what was found")
    for one in found:
        status = Text(enum_name(pb.HealthStatus.DESCRIPTOR, one.status), style=_HEALTH.get(one.status, ""))
        rows.add_row(one.check.replace("_", " ").lower(), status, Text(one.arm_id or NOTHING), Text(one.message))
    return rows
