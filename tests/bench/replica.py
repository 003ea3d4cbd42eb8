"""Runs a replica as services.bandit.main wires it, with two empty methods beside the real ones to compare with."""

import functools
import os
import sys
import threading
from pathlib import Path

import grpc

from experimentation.v1 import bandit_service_pb2 as pb
from services.bandit.config import Config
from services.bandit.main import Replica
from services.bandit.servicer import BanditServicer
from shared import ids, log
from shared.config import Secret
from shared.process import run_until_signalled
from shared.rpc import calls
from shared.rpc.authorization import Authorizer
from shared.rpc.routing import Handler
from shared.rpc.server import RpcServer
from shared.telemetry import MethodMetrics, RpcMetrics
from tests.bench import world

ALLOCATE = "/experimentation.v1.BanditService/Allocate"
BATCH_ALLOCATE = "/experimentation.v1.BanditService/BatchAllocate"
RECORD_OUTCOMES = "/experimentation.v1.BanditService/RecordOutcomes"
EMPTY = "/bench/Empty"
EMPTY_WRAPPED = "/bench/EmptyWrapped"


class BenchReplica(Replica):
    """Is a replica with empty methods; everything that Allocate passes through is what main.Replica makes."""

    def _make_server(self, servicer: BanditServicer, metrics: RpcMetrics, authorizer: Authorizer) -> RpcServer:
        server = super()._make_server(servicer, metrics, authorizer)
        server.add_generic_handler(EmptyMethods(servicer, authorizer))
        return server


class EmptyMethods(grpc.GenericRpcHandler):
    """Serves methods that parse an AllocateRequest and answer the same AllocateResponse, as large as a real one."""

    def __init__(self, servicer: BanditServicer, authorizer: Authorizer) -> None:
        self._servicer = servicer
        method = calls.Method(
            lambda _request, _context: self._response,
            # As it is for Allocate: the comparison is of what the method does.
            authorizer.guard(ALLOCATE),
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
