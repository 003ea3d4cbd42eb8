"""The services as the command sees them: stubs of those at an address."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, TypeVar

import grpc

from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from experimentation.v1.audit_service_pb2_grpc import AuditServiceStub
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from experimentation.v1.identity_service_pb2_grpc import IdentityServiceStub
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.admin.access import Server
from shared import errors
from shared.rpc import client

_Stub = TypeVar("_Stub")

CALL_SECONDS: Final = 10.0


def experiments_at(server: Server | str) -> AbstractContextManager[ExperimentServiceStub]:
    """Gives the ExperimentService of a server; raises as `stub_at` does."""
    return stub_at(ExperimentServiceStub, "review", server)


def reviews_at(server: Server | str) -> AbstractContextManager[ReviewServiceStub]:
    """Gives the ReviewService of a server; raises as `stub_at` does."""
    return stub_at(ReviewServiceStub, "review", server)


def audit_at(server: Server | str) -> AbstractContextManager[AuditServiceStub]:
    """Gives the AuditService of a server; raises as `stub_at` does."""
    return stub_at(AuditServiceStub, "review", server)


def identities_at(server: Server | str) -> AbstractContextManager[IdentityServiceStub]:
    """Gives the IdentityService of a server; raises as `stub_at` does."""
    return stub_at(IdentityServiceStub, "review", server)


def bandit_at(server: Server | str) -> AbstractContextManager[BanditServiceStub]:
    """Gives the BanditService of a server; raises as `stub_at` does."""
    return stub_at(BanditServiceStub, "bandit", server)


def analyses_at(server: Server | str) -> AbstractContextManager[AnalysisServiceStub]:
    """Gives the AnalysisService of a server; raises as `stub_at` does."""
    return stub_at(AnalysisServiceStub, "ai", server)


@contextmanager
def stub_at(kind: Callable[[grpc.Channel], _Stub], service: str, server: Server | str) -> Iterator[_Stub]:
    """Gives a stub of a server, or of an address that is called without a token.

    Raises:
        FailedPrecondition: INVALID_STATE, it was called and is not there, but another server is.
        Unavailable: DRAINING, nobody answers there.
    """
    where = Server(server) if isinstance(server, str) else server
    with (
        _explained(service, where.address),
        client.open_channel(where.address, tls=where.tls, token=where.token) as channel,
    ):
        yield kind(channel)


@contextmanager
def _explained(service: str, address: str) -> Iterator[None]:
    try:
        yield
    except errors.Internal as error:
        if _code(error) is not grpc.StatusCode.UNIMPLEMENTED:
            raise
        raise errors.FailedPrecondition(
            errors.Reason.INVALID_STATE,
            f"the server at {address} does not know what it was asked: it is not the {service} service, or is older "
            "than this command; give that service's --address",
        ) from error
    except errors.Unavailable as error:
        if _code(error) is not grpc.StatusCode.UNAVAILABLE or "connect" not in error.message:
            raise
        message = f"no {service} service answers at {address}: {error.message}"
        raise errors.Unavailable(error.reason, message) from error


def _code(error: errors.PlatformError) -> grpc.StatusCode | None:
    cause = error.__cause__
    return cause.code() if isinstance(cause, grpc.RpcError) else None
