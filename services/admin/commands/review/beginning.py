"""What begins to serve once a start or resume is applied: the experiment, which the diff does not show."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from services.admin import change_requests, experiments
from services.admin.next_steps import OPEN
from services.admin.plain_text import cleaned
from services.admin.session import Session
from shared import clock

_BEGINNINGS: Final = frozenset({"start", "resume"})


def drawing(session: Session, request: pb.ChangeRequest) -> RenderableType:
    """Returns all that is known of a request, with what begins to serve where something does.

    Raises:
        NotFound: EXPERIMENT_NOT_FOUND.
    """
    return Group(change_requests.drawing(request, clock.now()), *_beginning(session, request))


def _beginning(session: Session, request: pb.ChangeRequest) -> Iterator[RenderableType]:
    if request.state not in OPEN or request.change.WhichOneof("kind") not in _BEGINNINGS:
        return
    with session.experiments() as stub:
        found = experiments.get(stub, request.experiment_id)
    yield Text()
    yield Text("What begins to serve:", style="bold")
    yield from _caution(found, request)
    yield experiments.drawing(cleaned(found))


def _caution(found: common_pb2.Experiment, request: pb.ChangeRequest) -> Iterator[RenderableType]:
    if found.revision != request.base_revision:
        yield Text(f"careful: the request is against revision {request.base_revision} and must be rebased", "yellow")
