"""The revisions of an experiment, for people."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from services.admin import tables
from services.admin.clients import CALL_SECONDS
from services.admin.words import NOTHING, instant, state_name
from shared.rpc import client

PAGE_SIZE: Final = 200


def pages(stub: ExperimentServiceStub, experiment_id: str) -> Iterator[pb.Revision]:
    """Yields the revisions, newest first, from all pages.

    Raises:
        NotFound: EXPERIMENT_NOT_FOUND.
    """
    request = pb.ListRevisionsRequest(experiment_id=experiment_id, page_size=PAGE_SIZE)
    while True:
        response = client.call(stub.ListRevisions, request, timeout_seconds=CALL_SECONDS)
        yield from response.revisions
        if not response.next_page_token:
            return
        request.page_token = response.next_page_token


def table(found: Sequence[pb.Revision]) -> RenderableType:
    """Returns a row per revision."""
    rows = tables.rows("revision", "state", "by", "applied (UTC)", "request", right=("revision",))
    for each in found:
        rows.add_row(
            str(each.experiment.revision),
            state_name(each.experiment),
            Text(each.author),
            instant(each.created_at),
            Text(each.change_request_id or NOTHING),
        )
    return rows
