"""Designs for people: a table of them, and all that one plans."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from experimentation.v1 import analysis_pb2, hypothesis_pb2
from experimentation.v1 import analysis_service_pb2 as service_pb
from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from services.admin import jobs, paging, tables
from services.admin.clients import CALL_SECONDS
from services.admin.words import NOTHING, enum_name, instant, plural, span
from shared.rpc import client

_STYLES: Final = {
    hypothesis_pb2.FINDING_SEVERITY_BLOCKING: "bold red",
    hypothesis_pb2.FINDING_SEVERITY_WARNING: "yellow",
}


def get(stub: AnalysisServiceStub, design_id: str) -> hypothesis_pb2.Design:
    """Returns one design.

    Raises:
        NotFound: DESIGN_NOT_FOUND.
    """
    request = service_pb.GetDesignRequest(design_id=design_id)
    return client.call(stub.GetDesign, request, timeout_seconds=CALL_SECONDS).design


def pages(
    stub: AnalysisServiceStub, request: service_pb.ListDesignsRequest, *, limit: int
) -> Iterator[hypothesis_pb2.Design]:
    """Yields designs of a request, newest first, from all pages; `limit` is the most, 0: all."""
    yield from paging.pages(stub.ListDesigns, request, "designs", limit=limit)


def table(found: Sequence[hypothesis_pb2.Design]) -> RenderableType:
    """Returns a row per design."""
    if not found:
        return Text("There are no designs yet.")
    rows = tables.entries([each.design_id for each in found], "design", "stands", "decides", "takes")
    for each in found:
        rows.add_row(
            tables.entry(each.design_id, each.description),
            Text(_standing(each)),
            Text(each.plan.primary_metric_id),
            f"{span(each.plan.duration)}, {plural(sum(each.plan.units_per_arm), 'unit')}",
        )
    return rows


def drawing(design: hypothesis_pb2.Design) -> RenderableType:
    """Returns all that a design plans, and what speaks for and against it."""
    facts = tables.facts()
    for name, text in _facts(design):
        facts.add_row(name, Text(text))
    verdict = "recommended" if design.recommended else "NOT recommended: a rule blocks it"
    headline = Text.assemble((design.design_id, "bold"), f": {verdict}. {design.description}")
    parts: list[RenderableType] = [headline, Text(), facts]
    for title, statements in (("Why it is so:", design.reasons), ("What might go wrong:", design.risks)):
        parts += [Text(), Text(title), tables.bullets(one.text for one in statements)] if statements else []
    parts += [Text(), lifts(design.detectable_lifts)] if design.detectable_lifts else []
    parts += [Text(), findings(design.findings)] if design.findings else []
    parts += [Text(), Text("Taken as given:"), tables.bullets(design.assumptions)] if design.assumptions else []
    return Group(*parts, Text(), Text(jobs.words_by(design.provenance), style="dim"))


def findings(found: Sequence[hypothesis_pb2.DesignFinding]) -> RenderableType:
    """Returns a row per finding of a rule."""
    rows = tables.rows("rule", "matters", "finding", "source")
    for one in found:
        severity = enum_name(hypothesis_pb2.FindingSeverity.DESCRIPTOR, one.severity)
        rows.add_row(
            Text(one.rule_id), Text(severity, style=_STYLES.get(one.severity, "")), Text(one.message), Text(one.source)
        )
    return rows


def lifts(found: Sequence[hypothesis_pb2.DetectableLift]) -> RenderableType:
    """Returns a row per number of weeks: which lift could be found."""
    rows = tables.rows("weeks", "detectable lift", "units an arm", right=("weeks", "detectable lift", "units an arm"))
    for one in found:
        rows.add_row(str(one.week_count), f"{one.relative_lift:.2%}", f"{one.units_per_arm:,}")
    return rows


def how_to_ramp(ramp: Sequence[hypothesis_pb2.RampStep]) -> str:
    """Returns how the ramp of a design comes about: the experiment that is made of it has none."""
    return (
        f"The experiment has no ramp of its own. That of the design ({_steps(ramp)}) is carried out by traffic "
        f"changes: propose traffic: {{share: {ramp[0].traffic_share:g}}} before it starts, in a file as "
        "`experiment show -o yaml` writes it, and each further step when it is due."
    )


def _steps(ramp: Sequence[hypothesis_pb2.RampStep]) -> str:
    return ", ".join(f"{step.traffic_share:.0%} for {span(step.duration)}" for step in ramp)


def _standing(design: hypothesis_pb2.Design) -> str:
    if design.experiment_id:
        return f"became {design.experiment_id}"
    return "recommended" if design.recommended else "blocked"


def _facts(design: hypothesis_pb2.Design) -> Iterator[tuple[str, str]]:
    plan = design.plan
    yield "primary metric", plan.primary_metric_id
    yield "guardrails", ", ".join(plan.guardrail_metric_ids) or NOTHING
    yield "secondary", ", ".join(plan.secondary_metric_ids) or NOTHING
    kind = plan.allocation_policy.WhichOneof("algorithm") or "fixed_split"
    yield "allocation", f"{kind.replace('_', ' ')}, {' / '.join(f'{share:.3g}' for share in plan.arm_shares)}"
    yield "traffic", f"{plan.traffic_share:.0%} of the units"
    units = ", ".join(f"{count:,}" for count in plan.units_per_arm)
    yield (
        "sample",
        f"{units} units for a lift of {plan.relative_mde:.2%} at power {plan.power:.0%}, alpha {plan.alpha:g}",
    )
    enough = "enough" if design.reachable else "NOT enough"
    yield "takes", f"{span(plan.duration)}; {design.available_units:,} units come meanwhile, {enough}"
    yield "looks", enum_name(analysis_pb2.LookingPolicy.DESCRIPTOR, plan.looking_policy)
    if plan.ramp:
        yield "ramp", _steps(plan.ramp)
    for name, text in (("hypothesis", design.hypothesis_id), ("experiment", design.experiment_id)):
        if text:
            yield name, text
    if design.change_request_id:
        yield "change request", design.change_request_id
    yield "made", f"{instant(design.created_at)} UTC by {design.job_id}"
