"""What a change would do, without doing it: what it alters, which rules match, what the design's rules say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from experimentation.v1 import common_pb2, review_service_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.admin import change_requests, diff, experiments, formats
from services.admin.clients import CALL_SECONDS
from services.admin.formats import Document
from services.admin.output import Output
from services.admin.plain_text import cleaned
from services.admin.policy_test import summary
from shared.rpc import client


@dataclass(frozen=True, slots=True)
class Preview:
    """Is one change as it would be: the request, and what the rules make of it."""

    request: pb.ChangeRequest
    test: review_service_pb2.TestPolicyResponse


@dataclass(frozen=True, slots=True)
class Judgement:
    """Is what the rules for sound designs say, for machines and for people."""

    document: Document | None
    drawing: RenderableType


NOTHING_STORED: Final = Text("dry run: nothing was stored")
NOT_ASKED: Final = Judgement(None, Text())
NOT_PLANNED: Final = Judgement(
    None, Text("The file has no `plan` section: the rules for sound designs have nothing to judge.", style="dim")
)


def preview(reviews: ReviewServiceStub, request: pb.ChangeRequest) -> Preview:
    """Returns a request that was only validated, with what the rules make of it."""
    asked = review_service_pb2.TestPolicyRequest(experiment_id=request.experiment_id, change=request.change)
    return Preview(request, client.call(reviews.TestPolicy, asked, timeout_seconds=CALL_SECONDS))


def show(output: Output, previews: Sequence[Preview], judgement: Judgement = NOT_ASKED) -> None:
    """Writes what would happen."""
    document = {"changes": [_document(each) for each in previews], "design": judgement.document}
    output.document(document, lambda: Group(NOTHING_STORED, *_drawings(previews), judgement.drawing))


def show_creation(output: Output, experiment: common_pb2.Experiment, judgement: Judgement) -> None:
    """Writes what would be created."""
    document = {"experiment": formats.document(experiment), "design": judgement.document}
    drawn = experiments.drawing(cleaned(experiment))
    output.document(document, lambda: Group(NOTHING_STORED, drawn, Text(), judgement.drawing))


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
        yield summary(cleaned(each.test))
        yield Text()
