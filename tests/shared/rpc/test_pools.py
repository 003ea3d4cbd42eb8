"""Thread pools: what is counted, what is refused, and what grpcio makes of them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc import _server

from experimentation.v1 import bandit_service_pb2 as pb
from shared.errors import Reason, ResourceExhausted, Unavailable
from shared.rpc import routing
from shared.rpc.pools import BoundedPool, Pool
from tests.shared.rpc.conftest import Serve

WAIT_SECONDS = 5.0


def test_pool_when_work_is_queued_then_counts_it_until_it_is_done() -> None:
    release = threading.Event()
    pool = BoundedPool(Pool.WAITING, thread_count=1, limit=2)

    running, queued = pool.submit(release.wait, WAIT_SECONDS), pool.submit(release.wait, WAIT_SECONDS)

    assert (pool.under_way, pool.full) == (2, True)
    release.set()
    assert running.result(WAIT_SECONDS)
    assert queued.result(WAIT_SECONDS)
    pool.shutdown()
    assert (pool.under_way, pool.full) == (0, False)


def test_pool_when_work_fails_then_counts_it_as_done() -> None:
    pool = BoundedPool(Pool.FAST, thread_count=1, limit=1)

    failed = pool.submit(lambda: 1 / 0)

    assert isinstance(failed.exception(WAIT_SECONDS), ZeroDivisionError)
    pool.shutdown()
    assert pool.under_way == 0


def test_pool_when_shut_down_then_refuses_and_counts_nothing() -> None:
    pool = BoundedPool(Pool.FAST, thread_count=1, limit=1)
    pool.shutdown()

    with pytest.raises(RuntimeError):
        pool.submit(int)
    assert pool.under_way == 0


def test_refusal_when_unary_then_says_when_to_come_back() -> None:
    error = BoundedPool(Pool.WAITING, thread_count=1, limit=1).refusal()

    assert isinstance(error, Unavailable)
    assert (error.reason, error.retry_after_seconds) == (Reason.OVERLOADED, 0.2)


def test_refusal_when_a_stream_then_names_the_limit() -> None:
    error = BoundedPool(Pool.STREAM, thread_count=1, limit=7).refusal()

    assert isinstance(error, ResourceExhausted)
    assert (error.reason, error.metadata) == (Reason.LIMIT_EXCEEDED, {"limit": "7"})


def test_grpcio_when_a_behaviour_names_a_pool_then_takes_it() -> None:
    named, default = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
    behaviour = routing.on(named, lambda request, context: None)

    assert _server._select_thread_pool_for_behavior(behaviour, default) is named
    assert _server._select_thread_pool_for_behavior(lambda request, context: None, default) is default


def test_handlers_when_called_then_run_on_the_threads_of_their_pools(serve: Serve) -> None:
    names: dict[str, str] = {}

    def allocate(request: pb.AllocateRequest, context: grpc.ServicerContext) -> pb.AllocateResponse:
        names["Allocate"] = threading.current_thread().name
        return pb.AllocateResponse()

    def get(request: pb.GetBanditRequest, context: grpc.ServicerContext) -> pb.GetBanditResponse:
        names["GetBandit"] = threading.current_thread().name
        return pb.GetBanditResponse()

    def watch(request: pb.WatchPoliciesRequest, context: grpc.ServicerContext) -> list[pb.WatchPoliciesResponse]:
        names["WatchPolicies"] = threading.current_thread().name
        return []

    served = serve({"Allocate": allocate, "GetBandit": get, "WatchPolicies": watch}, pools={"Allocate": Pool.FAST})

    served.stub.Allocate(pb.AllocateRequest())
    served.stub.GetBandit(pb.GetBanditRequest())
    list(served.stub.WatchPolicies(pb.WatchPoliciesRequest()))

    assert {method: name.rpartition("_")[0] for method, name in names.items()} == {
        "Allocate": "rpc-fast",
        "GetBandit": "rpc-waiting",
        "WatchPolicies": "rpc-stream",
    }
