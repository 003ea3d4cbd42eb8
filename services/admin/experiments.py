"""The commands `experiment list` and `experiment show`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from google.protobuf import json_format
from rich.table import Table

from experimentation.v1 import common_pb2, experiment_service_pb2
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from services.admin.clients import CALL_SECONDS, address_of, experiments_at
from services.admin.screen import screen
from shared.rpc import client

_PAGE_SIZE: Final = 200


def list_all(directory: Path, *, address: str) -> None:
    """Writes a table of all experiments, newest first.

    Raises:
        PlatformError: There is no stack, or the call failed.
    """
    table = Table("experiment", "state", "revision", "arms", "created (UTC)", box=None, pad_edge=False)
    with experiments_at(address_of("review", directory, given=address)) as stub:
        for each in pages(stub, experiment_service_pb2.ListExperimentsRequest(page_size=_PAGE_SIZE)):
            created = f"{each.created_at.ToDatetime():%Y-%m-%d %H:%M}"
            table.add_row(each.experiment_id, state_name(each), str(each.revision), str(len(each.arms)), created)
    screen().print(table if table.row_count else "There are no experiments yet.")


def show(experiment_id: str, directory: Path, *, address: str) -> None:
    """Writes one experiment as JSON.

    Raises:
        NotFound: EXPERIMENT_NOT_FOUND.
        PlatformError: There is no stack, or the call failed.
    """
    request = experiment_service_pb2.GetExperimentRequest(experiment_id=experiment_id)
    with experiments_at(address_of("review", directory, given=address)) as stub:
        found = client.call(stub.GetExperiment, request, timeout_seconds=CALL_SECONDS).experiment
    screen().print_json(json_format.MessageToJson(found, preserving_proto_field_name=True))


def pages(
    stub: ExperimentServiceStub, request: experiment_service_pb2.ListExperimentsRequest
) -> Iterator[common_pb2.Experiment]:
    """Yields the experiments that the request asks for, from all pages."""
    while True:
        response = client.call(stub.ListExperiments, request, timeout_seconds=CALL_SECONDS)
        yield from response.experiments
        if not response.next_page_token:
            return
        request.page_token = response.next_page_token


def state_name(experiment: common_pb2.Experiment) -> str:
    """Returns the state for people."""
    return common_pb2.ExperimentState.Name(experiment.state).removeprefix("EXPERIMENT_STATE_").lower()
