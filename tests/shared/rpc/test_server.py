"""The server as a whole: overload, streams, drain, addresses, services."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from prometheus_client import CollectorRegistry

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import bandit_service_pb2_grpc
from shared import errors
from shared.errors import Reason
from shared.rpc import client, status
from shared.rpc.options import ServerOptions
from shared.rpc.pools import Pool
from shared.rpc.server import RpcServer
from shared.telemetry import RpcMetrics
from tests.fakes.identity import OpenAuthorizer
from tests.shared.rpc.conftest import SERVICE, Serve, Served, allocate, handled, servicer

WAIT_SECONDS = 5.0
FAST = {"Allocate": Pool.FAST}


class Gate:
    """Is a behaviour that holds its thread until it is opened."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()

    def __call__(self, request: Any, context: grpc.ServicerContext) -> pb.GetBanditResponse:
        self.entered.release()
        assert self.open.wait(WAIT_SECONDS)
        return pb.GetBanditResponse()

    def wait_for_callers(self, count: int) -> None:
        for _ in range(count):
            assert self.entered.acquire(timeout=WAIT_SECONDS)


def test_waiting_call_when_its_pool_is_full_then_is_shed_with_a_pushback(serve: Serve) -> None:
    gate = Gate()
    served = serve(
        {"GetBandit": gate, "Allocate": allocate},
        options=ServerOptions(waiting_thread_count=1, waiting_limit=2),
        pools=FAST,
    )
    with ThreadPoolExecutor(2) as callers:
        under_way = [callers.submit(served.stub.GetBandit, pb.GetBanditRequest()) for _ in range(2)]
        gate.wait_for_callers(1)
        wait_until_under_way(served, Pool.WAITING, 2)

        # Without retries: the shed answer itself is wanted.
        with grpc.insecure_channel(served.address, options=(("grpc.enable_retries", 0),)) as channel:
            stub = bandit_service_pb2_grpc.BanditServiceStub(channel)
            with pytest.raises(grpc.RpcError) as raised:
                stub.GetBandit(pb.GetBanditRequest(), timeout=WAIT_SECONDS)
            fast = stub.Allocate(pb.AllocateRequest(unit_id="u"), timeout=WAIT_SECONDS)
        gate.open.set()

        assert [future.result(WAIT_SECONDS) for future in under_way] == [pb.GetBanditResponse()] * 2
    shed = status.from_rpc_error(raised.value)
    trailers: Any = raised.value.trailing_metadata()
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert (shed.reason, shed.retry_after_seconds) == (Reason.OVERLOADED, 0.2)
    assert dict(trailers)["grpc-retry-pushback-ms"] == "200"
    assert fast.allocation.arm_id == "u"
    assert handled(served, "experimentation.v1.BanditService/GetBandit", "UNAVAILABLE") == 1


def wait_until_under_way(served: Served, pool: Pool, count: int) -> None:
    """Returns when so many calls are under way: the queued ones reach no handler that could say so."""
    until = time.monotonic() + WAIT_SECONDS
    while served.server._pools[pool].under_way != count:
        assert time.monotonic() < until
        threading.Event().wait(0.005)


def test_waiting_call_when_its_deadline_passes_in_the_queue_then_never_runs(serve: Serve) -> None:
    gate = Gate()
    served = serve({"GetBandit": gate}, options=ServerOptions(waiting_thread_count=1))
    with ThreadPoolExecutor(1) as callers:
        first = callers.submit(served.stub.GetBandit, pb.GetBanditRequest())
        gate.wait_for_callers(1)

        with pytest.raises(errors.DeadlineExceeded) as raised:
            client.call(served.stub.GetBandit, pb.GetBanditRequest(), timeout_seconds=0.1)
        gate.open.set()
        first.result(WAIT_SECONDS)
    served.stub.GetBandit(pb.GetBanditRequest())

    assert raised.value.reason is Reason.DEADLINE_EXCEEDED
    gate.wait_for_callers(1)
    assert not gate.entered.acquire(blocking=False)


class Feed:
    """Is a stream behaviour that sends one response and then waits to be ended."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.left = threading.Semaphore(0)

    def __call__(
        self, request: pb.WatchPoliciesRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.WatchPoliciesResponse]:
        gone = threading.Event()
        context.add_callback(gone.set)
        try:
            yield pb.WatchPoliciesResponse()
            while not (self.ended.is_set() or gone.wait(0.01)):
                pass
        finally:
            self.left.release()


def test_stream_when_over_the_limit_then_is_refused(serve: Serve) -> None:
    feed = Feed()
    served = serve({"WatchPolicies": feed}, options=ServerOptions(stream_limit=1))
    first = served.stub.WatchPolicies(pb.WatchPoliciesRequest())
    next(first)

    with pytest.raises(errors.ResourceExhausted) as raised:
        list(client.stream(served.stub.WatchPolicies, pb.WatchPoliciesRequest(), timeout_seconds=WAIT_SECONDS))

    assert (raised.value.reason, raised.value.metadata) == (Reason.LIMIT_EXCEEDED, {"limit": "1"})
    first.cancel()
    assert feed.left.acquire(timeout=WAIT_SECONDS)


def test_stream_when_its_client_leaves_then_gives_its_thread_back(serve: Serve) -> None:
    feed = Feed()
    served = serve({"WatchPolicies": feed})
    responses = client.stream(served.stub.WatchPolicies, pb.WatchPoliciesRequest())
    next(responses)

    responses.close()  # type: ignore[attr-defined]  # a generator

    assert feed.left.acquire(timeout=WAIT_SECONDS)
    wait_until_under_way(served, Pool.STREAM, 0)


def test_stream_when_its_handler_fails_midway_then_the_reason_arrives(serve: Serve) -> None:
    def watch(request: Any, context: grpc.ServicerContext) -> Iterator[pb.WatchPoliciesResponse]:
        yield pb.WatchPoliciesResponse()
        raise errors.experiment_not_found("x")

    served = serve({"WatchPolicies": watch})
    responses = client.stream(served.stub.WatchPolicies, pb.WatchPoliciesRequest(), timeout_seconds=WAIT_SECONDS)

    assert next(responses) == pb.WatchPoliciesResponse()
    with pytest.raises(errors.NotFound) as raised:
        next(responses)
    assert raised.value.reason is Reason.EXPERIMENT_NOT_FOUND
    assert handled(served, "experimentation.v1.BanditService/WatchPolicies", "NOT_FOUND") == 1


def test_stop_when_streams_are_open_then_they_end_with_draining(serve: Serve) -> None:
    feed = Feed()
    served = serve({"WatchPolicies": feed})
    served.server.on_drain(feed.ended.set)
    responses = served.stub.WatchPolicies(pb.WatchPoliciesRequest())
    next(responses)

    served.server.stop(WAIT_SECONDS)

    with pytest.raises(grpc.RpcError) as raised:
        next(responses)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert status.from_rpc_error(raised.value).reason is Reason.DRAINING
    assert served.server.wait(0)


def test_stop_when_a_call_is_under_way_then_lets_it_finish(serve: Serve) -> None:
    gate, draining = Gate(), threading.Event()
    served = serve({"GetBandit": gate})
    served.server.on_drain(draining.set)
    with ThreadPoolExecutor(2) as threads:
        answer = threads.submit(served.stub.GetBandit, pb.GetBanditRequest())
        gate.wait_for_callers(1)
        stop = threads.submit(served.server.stop, WAIT_SECONDS)
        assert draining.wait(WAIT_SECONDS)
        assert not served.server.wait(0)

        gate.open.set()

        assert answer.result(WAIT_SECONDS) == pb.GetBanditResponse()
        stop.result(WAIT_SECONDS)


def test_stop_when_the_grace_is_over_then_cancels_what_is_left(serve: Serve) -> None:
    gate = Gate()
    served = serve({"GetBandit": gate})
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(served.stub.GetBandit, pb.GetBanditRequest())
        gate.wait_for_callers(1)

        served.server.stop(0.05)

        error = answer.exception(WAIT_SECONDS)
        gate.open.set()
    assert isinstance(error, grpc.RpcError)
    assert status.from_rpc_error(error).reason is Reason.DRAINING


def test_stop_when_a_callback_fails_then_still_stops(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    served = serve({})
    second = threading.Event()

    def fail() -> None:
        raise ValueError("boom")

    served.server.on_drain(fail)
    served.server.on_drain(second.set)

    served.server.stop(WAIT_SECONDS)

    assert served.server.wait(0)
    assert second.is_set()
    assert "drain callback failed" in caplog.text


def test_start_when_the_port_is_busy_then_names_the_address(serve: Serve) -> None:
    served = serve({})
    second = RpcServer(
        ServerOptions(address=served.address), RpcMetrics(CollectorRegistry()), authorizer=OpenAuthorizer()
    )

    with pytest.raises(OSError, match=f"cannot listen on {served.address}"):
        second.start()
    second.stop(0)


def test_start_when_on_a_unix_socket_then_answers_there(serve: Serve, tmp_path: Path) -> None:
    served = serve({"Allocate": allocate}, options=ServerOptions(address=f"unix:{tmp_path}/rpc.sock"))

    response = client.call(served.stub.Allocate, pb.AllocateRequest(unit_id="u"), timeout_seconds=WAIT_SECONDS)

    assert served.address == f"unix:{tmp_path}/rpc.sock"
    assert response.allocation.arm_id == "u"


def test_start_when_the_unix_socket_is_in_use_then_is_refused(serve: Serve, tmp_path: Path) -> None:
    served = serve({}, options=ServerOptions(address=f"unix:{tmp_path}/rpc.sock"))
    second = RpcServer(
        ServerOptions(address=served.address), RpcMetrics(CollectorRegistry()), authorizer=OpenAuthorizer()
    )

    with pytest.raises(OSError, match="it is in use"):
        second.start()
    second.stop(0)


def test_add_service_when_a_method_is_misspelt_then_is_refused() -> None:
    server = RpcServer(ServerOptions(), RpcMetrics(CollectorRegistry()), authorizer=OpenAuthorizer())

    with pytest.raises(ValueError, match=r"BanditService has no Alocate, Watch"):
        server.add_service(SERVICE, servicer({}), pools={"Alocate": Pool.FAST}, validate={"Watch"})


def test_add_service_when_the_servicer_lacks_a_method_then_is_refused() -> None:
    server = RpcServer(ServerOptions(), RpcMetrics(CollectorRegistry()), authorizer=OpenAuthorizer())

    with pytest.raises(AttributeError, match="Allocate"):
        server.add_service(SERVICE, object())


def test_add_service_when_a_unary_method_is_to_stream_then_is_refused() -> None:
    server = RpcServer(ServerOptions(), RpcMetrics(CollectorRegistry()), authorizer=OpenAuthorizer())

    with pytest.raises(ValueError, match="cannot be served on the pool stream"):
        server.add_service(SERVICE, servicer({}), pools={"Allocate": Pool.STREAM})


def test_add_generic_handler_when_called_then_serves_it_unwrapped() -> None:
    server = RpcServer(ServerOptions(), RpcMetrics(CollectorRegistry()), authorizer=OpenAuthorizer())
    echo: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
    server.add_generic_handler(grpc.method_handlers_generic_handler("bench.Echo", {"Say": echo}))
    address = server.start()

    with client.open_channel(address) as channel:
        say: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/bench.Echo/Say")
        assert say(b"hello", timeout=WAIT_SECONDS) == b"hello"
    server.stop(WAIT_SECONDS)
