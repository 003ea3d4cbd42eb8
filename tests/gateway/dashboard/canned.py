"""The three services as real gRPC servers that answer with what a test puts there, and note what they were asked."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from experimentation.v1 import (
    analysis_service_pb2,
    audit_service_pb2,
    bandit_service_pb2,
    experiment_service_pb2,
    identity_service_pb2,
    review_service_pb2,
)
from services.gateway.config import UpstreamOptions
from shared import telemetry
from shared.errors import PlatformError
from shared.rpc import caller
from shared.rpc.options import ServerOptions
from shared.rpc.server import RpcServer
from tests.fakes import identity
from tests.gateway import front
from tests.gateway.dashboard import examples

STOP_SECONDS = 5.0

_REVIEW = (
    experiment_service_pb2.DESCRIPTOR.services_by_name["ExperimentService"],
    review_service_pb2.DESCRIPTOR.services_by_name["ReviewService"],
    audit_service_pb2.DESCRIPTOR.services_by_name["AuditService"],
    identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"],
)
_BANDIT = (bandit_service_pb2.DESCRIPTOR.services_by_name["BanditService"],)
_AI = (analysis_service_pb2.DESCRIPTOR.services_by_name["AnalysisService"],)


@dataclass
class Canned:
    """Holds the answers by method; an error is raised. `asked` has every request, in order."""

    answers: dict[str, examples.Answer] = field(default_factory=examples.answers)
    asked: list[Message] = field(default_factory=list)

    def of(self, kind: type[Message]) -> list[Any]:
        """Returns the requests of one kind."""
        return [request for request in self.asked if isinstance(request, kind)]

    def only(self, kind: type[Message]) -> Any:
        """Returns the one request of a kind."""
        (found,) = self.of(kind)
        return found


@contextmanager
def served(canned: Canned, *, without: str = "") -> Iterator[UpstreamOptions]:
    """Serves the answers; nobody listens for the service that is left out: `review`, `bandit` or `ai`."""
    with ExitStack() as stack:
        review, bandit, ai = (
            front.NOWHERE if name == without else stack.enter_context(_server(canned, services))
            for name, services in (("review", _REVIEW), ("bandit", _BANDIT), ("ai", _AI))
        )
        yield UpstreamOptions(review_address=review, bandit_address=bandit, ai_address=ai)


@contextmanager
def _server(canned: Canned, services: tuple[ServiceDescriptor, ...]) -> Iterator[str]:
    metrics = telemetry.RpcMetrics(telemetry.new_registry())
    server = RpcServer(ServerOptions(address="127.0.0.1:0"), metrics, authorizer=identity.authorizer())
    for service in services:
        server.add_service(service, _Servicer(canned, service))
    yield server.start()
    server.stop(STOP_SECONDS)


class _Servicer:
    """Answers each method of a service."""

    def __init__(self, canned: Canned, service: ServiceDescriptor) -> None:
        for method in service.methods:
            setattr(self, method.name, _method(canned, method.name))


def _method(canned: Canned, name: str) -> Any:
    def answer(request: Message, _context: grpc.ServicerContext) -> Message:
        canned.asked.append(request)
        if name == "GetCaller":
            return _caller()
        found = canned.answers[name]
        if isinstance(found, PlatformError):
            raise found
        return found if isinstance(found, Message) else found(request)

    return answer


def _caller() -> identity_service_pb2.GetCallerResponse:
    known = caller.current()
    who = known.principal
    return identity_service_pb2.GetCallerResponse(
        principal=identity_service_pb2.Principal(principal_id=who.principal_id, display_name=who.display_name),
        permissions=sorted(known.permissions),
    )
