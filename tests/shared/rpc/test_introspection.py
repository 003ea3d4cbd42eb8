"""Health and reflection."""

import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from shared.rpc import introspection
from tests.shared.rpc.conftest import Serve, Served

BANDIT = "experimentation.v1.BanditService"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
LONG_SECONDS = 30.0


def check(served: Served, service: str) -> Any:
    stub = health_pb2_grpc.HealthStub(served.channel)
    return stub.Check(health_pb2.HealthCheckRequest(service=service)).status


@pytest.mark.parametrize("service", ["", BANDIT])
def test_health_when_told_then_says_whether_it_serves(serve: Serve, service: str) -> None:
    served = serve({})

    before = check(served, service)
    served.server.set_serving(serving=True)
    during = check(served, service)
    served.server.set_serving(serving=False)

    assert (before, during, check(served, service)) == (NOT_SERVING, SERVING, NOT_SERVING)


def test_health_when_the_service_is_unknown_then_is_not_found(serve: Serve) -> None:
    served = serve({})

    with pytest.raises(grpc.RpcError) as raised:
        check(served, "no.such.Service")
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


def test_health_when_the_server_stops_then_watchers_hear_it_and_hold_nothing_up(serve: Serve) -> None:
    served = serve({})
    served.server.set_serving(serving=True)
    watch = health_pb2_grpc.HealthStub(served.channel).Watch(health_pb2.HealthCheckRequest(service=BANDIT))
    first = next(watch)
    started = time.monotonic()

    served.server.stop(LONG_SECONDS)

    assert [first.status, *(response.status for response in watch)] == [SERVING, NOT_SERVING]
    assert time.monotonic() - started < LONG_SECONDS / 2


def reflect(served: Served, service: str, requests: Iterator[Any]) -> Any:
    method: Any = served.channel.stream_stream(
        f"/{service}/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
    return method(requests)


@pytest.mark.parametrize("service", introspection.REFLECTION_SERVICES)
def test_reflection_when_asked_then_lists_the_services(serve: Serve, service: str) -> None:
    served = serve({})
    request = reflection_pb2.ServerReflectionRequest(list_services="")

    (response,) = reflect(served, service, iter([request]))

    names = {each.name for each in response.list_services_response.service}
    assert names == {BANDIT, "grpc.health.v1.Health", *introspection.REFLECTION_SERVICES}


def test_reflection_when_a_symbol_is_asked_for_then_shows_its_file(serve: Serve) -> None:
    served = serve({})
    request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=BANDIT)

    (response,) = reflect(served, introspection.REFLECTION_SERVICES[0], iter([request]))

    assert any(b"BanditService" in file for file in response.file_descriptor_response.file_descriptor_proto)


def test_reflection_when_the_server_stops_then_open_streams_hold_nothing_up(serve: Serve) -> None:
    served = serve({})
    more = iter(lambda: served.server.wait(LONG_SECONDS), True)
    request = reflection_pb2.ServerReflectionRequest(list_services="")

    def requests() -> Iterator[Any]:
        yield request
        yield from more

    responses = reflect(served, introspection.REFLECTION_SERVICES[0], requests())
    next(responses)
    started = time.monotonic()

    served.server.stop(LONG_SECONDS)

    assert time.monotonic() - started < LONG_SECONDS / 2
    with pytest.raises(grpc.RpcError) as raised:
        next(responses)
    assert raised.value.code() is grpc.StatusCode.CANCELLED
