"""What a change would do, without doing it: what it alters, which rules match, what the design's rules say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from experimentation.v1 import common_pb2, review_service_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.admin import change_requests, diff, experiments, formats
from services.admin.clients import CALL_SECONDS
from services.admin.formats import Document
from services.admin.output import Output
from services.admin.plain_text import cleaned
from services.admin.policy_test import drawing as tested
from shared.rpc import client
from shared.statistics.design.severity import Severity
from shared.statistics.design.validate import Validation

_STYLES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
_NOT_PLANNED: Final = "The file has no `plan` section: the rules for sound designs have nothing to judge."


@dataclass(frozen=True, slots=True)
class Preview:
    """Is one change as it would be: the request, and what the rules make of it."""

    request: pb.ChangeRequest
    test: review_service_pb2.TestPolicyResponse


def preview(reviews: ReviewServiceStub, request: pb.ChangeRequest) -> Preview:
    """Returns a request that was only validated, with what the rules make of it."""
    asked = review_service_pb2.TestPolicyRequest(experiment_id=request.experiment_id, change=request.change)
    return Preview(request, client.call(reviews.TestPolicy, asked, timeout_seconds=CALL_SECONDS))


def show(output: Output, previews: Sequence[Preview], *, validation: Validation | None = None) -> None:
    """Writes what would happen."""
    document = {"changes": [_document(each) for each in previews], **_design_document(validation)}
    output.document(document, lambda: Group(*_drawings(previews), *_design_drawings(validation)))


def show_creation(output: Output, experiment: common_pb2.Experiment, validation: Validation | None) -> None:
    """Writes what would be created."""
    document = {"experiment": formats.document(experiment), **_design_document(validation)}
    drawn = experiments.drawing(cleaned(experiment))
    output.document(document, lambda: Group(drawn, Text(), *_design_drawings(validation)))


def _design_document(validation: Validation | None) -> Document:
    if validation is None:
        return {"design": None}
    findings = [
        {
            "rule_id": each.rule_id,
            "severity": str(each.severity),
            "title": each.title,
            "message": each.message,
            "fix": each.fix,
            "source": each.source,
        }
        for each in validation.findings
    ]
    unchecked = [
        {"rule_id": each.rule_id, "title": each.title, "because": each.because} for each in validation.not_checked
    ]
    return {
        "design": {"recommendable": validation.is_recommendable, "findings": findings, "not_checked": unchecked},
    }


def _design_drawings(validation: Validation | None) -> Iterator[RenderableType]:
    if validation is None:
        yield Text(_NOT_PLANNED, style="dim")
        return
    yield Text(f"Design: {_verdict(validation)}", style="bold")
    if validation.findings:
        rows = Table(box=None, show_header=False, pad_edge=False)
        rows.add_column(no_wrap=True)
        rows.add_column(no_wrap=True)
        rows.add_column(overflow="fold")
        for each in validation.findings:
            severity = Text(each.severity.lower(), style=_STYLES[each.severity])
            rows.add_row(each.rule_id, severity, Text(f"{each.message}; {each.fix}"))
        yield rows
    if validation.not_checked:
        names = ", ".join(f"{each.rule_id} ({each.because})" for each in validation.not_checked)
        yield Text(f"not checked: {names}", style="dim")


def _verdict(validation: Validation) -> str:
    if not validation.findings:
        return "no rule is broken"
    return "can be recommended, with findings" if validation.is_recommendable else "cannot be recommended"


def _document(each: Preview) -> Document:
    return {"change_request": formats.document(each.request), "policy": formats.document(each.test)}


def _drawings(previews: Sequence[Preview]) -> Iterator[RenderableType]:
    if not previews:
        yield Text("There is nothing to change.")
    for each in previews:
        request = cleaned(each.request)
        yield Text(f"{change_requests.kind_name(request)} of {diff.target(request)}", style="bold")
        yield diff.drawing(request)
        yield Text()
        yield tested(cleaned(each.test))
        yield Text()
