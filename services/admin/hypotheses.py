"""Hypotheses for people: a table of them, and all that one says."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from experimentation.v1 import analysis_service_pb2 as service_pb
from experimentation.v1 import hypothesis_pb2 as pb
from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from services.admin import jobs, paging, tables
from services.admin.clients import CALL_SECONDS
from services.admin.words import NOTHING, enum_name, instant, plural
from shared.rpc import client


def get(stub: AnalysisServiceStub, hypothesis_id: str) -> pb.Hypothesis:
    """Returns one hypothesis.

    Raises:
        NotFound: HYPOTHESIS_NOT_FOUND.
    """
    request = service_pb.GetHypothesisRequest(hypothesis_id=hypothesis_id)
    return client.call(stub.GetHypothesis, request, timeout_seconds=CALL_SECONDS).hypothesis


def pages(
    stub: AnalysisServiceStub, request: service_pb.ListHypothesesRequest, *, limit: int = 0
) -> Iterator[pb.Hypothesis]:
    """Yields hypotheses of a request, from all pages; `limit` is the most, 0: all."""
    yield from paging.pages(stub.ListHypotheses, request, "hypotheses", limit=limit)


def left_aside(request: service_pb.SuggestHypothesesRequest) -> Iterator[str]:
    """Yields a warning for each earlier experiment that counts for nothing, as its metric is not described: a typo?"""
    known = {each.metric_id for each in request.metrics}
    for place, each in enumerate(request.past_experiments):
        if each.metric_id not in known:
            name = f"past_experiments[{place}].metric_id"
            yield f"{name}: {each.metric_id or 'nothing'} is none of the metrics: this experiment is left aside"


def table(found: Sequence[pb.Hypothesis]) -> RenderableType:
    """Returns a row per hypothesis."""
    if not found:
        return Text("There are no hypotheses: what was given bears none, or none was asked for yet.")
    rows = tables.entries([each.hypothesis_id for each in found], "hypothesis", "state", "confidence", "takes")
    for each in found:
        state = f"{state_name(each)}{', an idea' if each.ungrounded else ''}{', again' if each.duplicate_of else ''}"
        said = tables.entry(each.hypothesis_id, each.statement)
        rows.add_row(said, Text(state), f"{each.confidence.value:.0%}", _takes(each))
    return rows


def drawing(hypothesis: pb.Hypothesis) -> RenderableType:
    """Returns all that a hypothesis says."""
    facts = tables.facts()
    for name, text in _facts(hypothesis):
        facts.add_row(name, Text(text))
    because = tables.bullets([one.text for one in hypothesis.because] or ["nothing that was given"])
    parts = tables.rows("confidence is made of", "value", "weight", "computed from", right=("value", "weight"))
    for one in hypothesis.confidence.parts:
        weight = f"{one.weight:.2f}" if one.weight else "factor"
        parts.add_row(Text(one.part.replace("_", " ")), f"{one.value:.2f}", weight, Text(one.description))
    headline = Text.assemble((hypothesis.hypothesis_id, "bold"), f": {hypothesis.statement}")
    note = Text(jobs.words_by(hypothesis.provenance), style="dim")
    return Group(headline, Text(), Text("Because:"), because, Text(), facts, Text(), parts, Text(), note)


def state_name(hypothesis: pb.Hypothesis) -> str:
    """Returns where a hypothesis stands."""
    return enum_name(pb.HypothesisState.DESCRIPTOR, hypothesis.state)


def _takes(hypothesis: pb.Hypothesis) -> str:
    test = hypothesis.required_test
    if not test.units_per_arm:
        return NOTHING
    weeks = f", {plural(test.weeks, 'week')}" if test.HasField("weeks") else ""
    return f"{test.units_per_arm:,} units an arm{weeks}"


def _facts(hypothesis: pb.Hypothesis) -> Iterator[tuple[str, str]]:
    yield "state", state_name(hypothesis)
    direction = enum_name(pb.EffectDirection.DESCRIPTOR, hypothesis.expected_direction)
    yield "metric", f"{hypothesis.primary_metric_id}, expected to {direction}"
    if hypothesis.HasField("expected_lift"):
        yield "expected lift", f"{hypothesis.expected_lift.low:+.1%} to {hypothesis.expected_lift.high:+.1%}"
    if hypothesis.rationale:
        yield "rationale", f"{hypothesis.rationale} (not verified)"
    yield "falsifier", hypothesis.falsifier
    yield "takes", _takes(hypothesis)
    if hypothesis.duplicate_of:
        yield "repeats", hypothesis.duplicate_of
    if hypothesis.experiment_id:
        yield "tested by", hypothesis.experiment_id
    if hypothesis.reviewer:
        yield "reviewed", f"by {hypothesis.reviewer}: {hypothesis.review_reason or NOTHING}"
    yield "made", f"{instant(hypothesis.created_at)} UTC by {hypothesis.job_id}"
