"""Serves a BanditService whose methods the tests give, on a free port."""

import types
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from prometheus_client import CollectorRegistry

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import bandit_service_pb2_grpc
from shared.rpc import client
from shared.rpc.authorization import Authorizer
from shared.rpc.calls import Behaviour
from shared.rpc.options import ServerOptions
from shared.rpc.pools import Pool
from shared.rpc.server import RpcServer
from shared.telemetry import RpcMetrics
from tests.fakes.identity import OpenAuthorizer

SERVICE = pb.DESCRIPTOR.services_by_name["BanditService"]
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Served:
    """Is a running server and a client of it."""

    server: RpcServer
    address: str
    channel: grpc.Channel
    stub: bandit_service_pb2_grpc.BanditServiceStub
    registry: CollectorRegistry


Serve = Callable[..., Served]


def allocate(request: pb.AllocateRequest, context: grpc.ServicerContext) -> pb.AllocateResponse:
    return pb.AllocateResponse(allocation=pb.Allocation(arm_id=request.unit_id))


def handled(served: Served, method: str, code: str) -> float | None:
    return served.registry.get_sample_value("grpc_server_handled_total", {"method": method, "code": code})


def servicer(behaviours: Mapping[str, Behaviour]) -> object:
    def missing(request: Any, context: grpc.ServicerContext) -> Any:
        raise AssertionError("the test gave no behaviour for this method")

    return types.SimpleNamespace(**dict.fromkeys(SERVICE.methods_by_name, missing) | dict(behaviours))


@pytest.fixture
def serve() -> Iterator[Serve]:
    opened: list[Served] = []

    def start(
        behaviours: Mapping[str, Behaviour],
        *,
        options: ServerOptions = ServerOptions(),  # noqa: B008  # frozen
        pools: Mapping[str, Pool] = types.MappingProxyType({}),
        validate: bool | Collection[str] = False,
        authorizer: Authorizer = OpenAuthorizer(),  # noqa: B008  # it keeps nothing
    ) -> Served:
        registry = CollectorRegistry()
        server = RpcServer(options, RpcMetrics(registry), authorizer=authorizer, new_id=lambda prefix: f"{prefix}_made")
        server.add_service(SERVICE, servicer(behaviours), pools=pools, validate=validate)
        address = server.start()
        channel = client.open_channel(address)
        stub = bandit_service_pb2_grpc.BanditServiceStub(channel)
        opened.append(Served(server, address, channel, stub, registry))
        return opened[-1]

    yield start
    for served in opened:
        served.channel.close()
        served.server.stop(STOP_SECONDS)
