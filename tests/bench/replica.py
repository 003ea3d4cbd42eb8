"""Runs a replica as services.bandit.main wires it, with two empty methods beside the real ones to compare with."""

import functools
import os
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import grpc

from experimentation.v1 import bandit_service_pb2 as pb
from services.bandit import kernels
from services.bandit.config import Config
from services.bandit.domain.token import TokenSigner
from services.bandit.main import Replica, token_keys
from services.bandit.service.insight import InsightService
from services.bandit.service.policy_book import PolicyBook
from services.bandit.service.recording import RecordingService
from services.bandit.service.serving import AllocationService
from services.bandit.servicer import CHECKED, POOLS, SERVICE, BanditServicer, PolicyChanges
from services.bandit.store.logs import JournaledAllocationLog, JournaledOutcomeLog, PostgresCopy
from services.bandit.store.policies import PostgresPolicyStore
from services.bandit.store.statistics import PostgresStatisticsStore
from services.bandit.store.switches import PostgresSwitchStore
from shared import clock, ids, log
from shared.config import Secret
from shared.process import run_until_signalled
from shared.rpc import calls
from shared.rpc.routing import Handler
from shared.rpc.server import RpcServer
from shared.store.engine import create_engine
from shared.telemetry import MethodMetrics, RpcMetrics, new_registry
from tests.bench import world

ALLOCATE = "/experimentation.v1.BanditService/Allocate"
BATCH_ALLOCATE = "/experimentation.v1.BanditService/BatchAllocate"
RECORD_OUTCOMES = "/experimentation.v1.BanditService/RecordOutcomes"
EMPTY = "/bench/Empty"
EMPTY_WRAPPED = "/bench/EmptyWrapped"


class BenchReplica(Replica):
    """Is a replica with empty methods; everything that Allocate passes through is what main.Replica makes."""

    def _start(self, stack: ExitStack) -> Mapping[str, str]:
        config = self._config
        kernels.warm_up()
        engine = create_engine(config.database_url.value, application_name="bandit")
        stack.callback(engine.dispose)
        copy, seconds = PostgresCopy(engine), config.record_timeout.total_seconds()
        allocation_log = JournaledAllocationLog(
            self._journal(stack, "allocations", copy.allocations), timeout_seconds=seconds
        )
        outcome_log = JournaledOutcomeLog(self._journal(stack, "outcomes", copy.outcomes), timeout_seconds=seconds)
        store, changes = PostgresPolicyStore(engine), PolicyChanges()
        book = PolicyBook(store, monotonic=time.monotonic, stale_after_seconds=config.stale_after.total_seconds())
        self._refresh(stack, book, store, changes)
        signer = TokenSigner(token_keys(config.token_keys.value), time_to_live=config.token_time_to_live)
        allocation_ids = count()
        servicer = BanditServicer(
            AllocationService(
                book,
                allocation_log,
                signer,
                now_ms=lambda: time.time_ns() // 1_000_000,
                new_allocation_id=lambda: f"{next(allocation_ids):x}",
            ),
            RecordingService(book, allocation_log, outcome_log, signer, now=clock.now),
            InsightService(store, PostgresStatisticsStore(engine), PostgresSwitchStore(engine), now=clock.now),
            book,
            changes,
        )
        server = RpcServer(config, RpcMetrics(new_registry()))
        server.add_service(SERVICE, servicer, pools=POOLS, validate=CHECKED)
        server.add_generic_handler(EmptyMethods(servicer))
        server.on_drain(changes.close)
        address = server.start()
        stack.callback(server.stop, config.drain_grace.total_seconds())
        server.set_serving(serving=True)
        return {"grpc": address}


class EmptyMethods(grpc.GenericRpcHandler):
    """Serves methods that parse an AllocateRequest and answer the same AllocateResponse, as large as a real one."""

    def __init__(self, servicer: BanditServicer) -> None:
        self._servicer = servicer
        method = calls.Method(
            lambda _request, _context: self._response,
            pb.AllocateRequest,
            None,
            MethodMetrics(EMPTY_WRAPPED),
            ids.new_id,
            threading.Event(),
        )
        self._handlers: dict[str, Handler] = {
            EMPTY: grpc.unary_unary_rpc_method_handler(
                lambda _request, _context: self._response_bytes, request_deserializer=pb.AllocateRequest.FromString
            ),
            EMPTY_WRAPPED: grpc.unary_unary_rpc_method_handler(calls.unary(method)),
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "Handler | None":
        """Returns the handler of an empty method."""
        return self._handlers.get(handler_call_details.method)

    @functools.cached_property
    def _response(self) -> pb.AllocateResponse:
        request = pb.AllocateRequest(
            experiment_id=world.EXPERIMENT_ID,
            unit_id=world.unit_ids(0, 1)[0],
            exposure_mode=pb.EXPOSURE_MODE_DEFERRED,
        )
        # The method asks nothing of its context.
        return self._servicer.Allocate(request, None)  # type: ignore[arg-type]

    @functools.cached_property
    def _response_bytes(self) -> bytes:
        return self._response.SerializeToString()


def main() -> None:
    """Runs a replica until SIGTERM; arguments: URL of the store, state directory, cores."""
    url, state_directory, cores = sys.argv[1:]
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    log.configure()
    config = Config(
        address="127.0.0.1:0",
        database_url=Secret(url),
        token_keys=Secret(world.TOKEN_KEYS),
        state_directory=Path(state_directory),
    )
    running = BenchReplica(config)
    run_until_signalled("bench", running.start, running.stop)


if __name__ == "__main__":
    main()
