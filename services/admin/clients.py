"""The services as the command sees them: stubs, at the addresses that a local stack or the user gives."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from services.admin import claim
from shared import errors
from shared.rpc import client

CALL_SECONDS: Final = 10.0


@contextmanager
def experiments_at(address: str) -> Iterator[ExperimentServiceStub]:
    """Gives the ExperimentService at an address."""
    with client.open_channel(address) as channel:
        yield ExperimentServiceStub(channel)


@contextmanager
def bandit_at(address: str) -> Iterator[BanditServiceStub]:
    """Gives the BanditService at an address."""
    with client.open_channel(address) as channel:
        yield BanditServiceStub(channel)


def address_of(service: str, directory: Path, *, given: str) -> str:
    """Returns the address that was given, or else that of the service in the stack of the directory.

    Raises:
        FailedPrecondition: INVALID_STATE, none was given, and no stack is ready there.
    """
    if given:
        return given
    found = claim.running(directory)
    if found is None or service not in found.addresses:
        raise errors.FailedPrecondition(
            errors.Reason.INVALID_STATE, f"no stack is ready in {directory}; start one with `up`, or give --address"
        )
    return found.addresses[service]
