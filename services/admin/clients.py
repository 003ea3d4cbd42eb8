"""The services as the command sees them: stubs, at the addresses that a local stack or the user gives."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import grpc

from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from services.admin import claim
from services.admin.screen import command_line
from shared import errors
from shared.rpc import client

CALL_SECONDS: Final = 10.0


@contextmanager
def experiments_at(address: str) -> Iterator[ExperimentServiceStub]:
    """Gives the ExperimentService at an address.

    Raises:
        FailedPrecondition: INVALID_STATE, it was called and is not there, but another server is.
    """
    with _another_refused("review", address), client.open_channel(address) as channel:
        yield ExperimentServiceStub(channel)


@contextmanager
def bandit_at(address: str) -> Iterator[BanditServiceStub]:
    """Gives the BanditService at an address.

    Raises:
        FailedPrecondition: INVALID_STATE, it was called and is not there, but another server is.
    """
    with _another_refused("bandit", address), client.open_channel(address) as channel:
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
        start = command_line("up", "--directory", str(directory))
        raise errors.FailedPrecondition(
            errors.Reason.INVALID_STATE,
            f"no stack is ready in {directory}; start one with `{start}`, or give --address",
        )
    return found.addresses[service]


@contextmanager
def _another_refused(service: str, address: str) -> Iterator[None]:
    try:
        yield
    except errors.Internal as error:
        cause = error.__cause__
        if not isinstance(cause, grpc.RpcError) or cause.code() is not grpc.StatusCode.UNIMPLEMENTED:
            raise
        raise errors.FailedPrecondition(
            errors.Reason.INVALID_STATE,
            f"the server at {address} does not know what it was asked: it is not the {service} service, or is older "
            "than this command; give that service's --address",
        ) from error
