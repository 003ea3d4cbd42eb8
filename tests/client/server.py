"""A bandit that answers as a test tells it to: a real gRPC server with the platform's own error mapping."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import grpc
from prometheus_client import CollectorRegistry

from experimentation.v1 import bandit_service_pb2 as pb
from shared.errors import Reason, Unavailable
from shared.rpc.options import ServerOptions
from shared.rpc.server import RpcServer
from shared.telemetry import RpcMetrics
from tests.fakes.identity import OpenAuthorizer

SERVICE = pb.DESCRIPTOR.services_by_name["BanditService"]
PLAIN = ServerOptions()
WAIT_SECONDS = 20.0

Answer = Callable[[Any, "ScriptedBandit"], Any]


class ScriptedBandit:
    """Streams the snapshots that are published, and keeps the rows that come; may go away and come back.

    Attributes:
        script: Answers to the next calls that record, first to last; a call beyond them is accepted.
        exposures: The rows that were accepted, with their repetitions.
        outcomes: Likewise.
        call_count: How many calls recorded or tried to.
        stream_count: How many subscriptions there were.
        metadata: Of the latest call.
    """

    def __init__(self, *snapshots: pb.PolicySnapshot, options: ServerOptions = PLAIN) -> None:
        self.script: deque[Answer] = deque()
        self.exposures: list[pb.Exposure] = []
        self.outcomes: list[pb.Outcome] = []
        self.call_count = 0
        self.stream_count = 0
        self.metadata: dict[str, str | bytes] = {}
        self._snapshots = list(snapshots)
        self._changed = threading.Condition()
        self._options = options
        self._server: RpcServer | None = None

    @property
    def address(self) -> str:
        """Returns where it listens, also while it is away."""
        return self._options.address

    @property
    def exposed_units(self) -> list[str]:
        """Returns the units of the exposures."""
        return [row.unit_id for row in self.exposures]

    def start(self) -> None:
        """Comes, or comes back to the same port."""
        methods = dict.fromkeys(SERVICE.methods_by_name, self._unused)
        known = {"WatchPolicies": self._watch, "RecordExposure": self._record, "RecordOutcomes": self._record}
        self._server = RpcServer(self._options, RpcMetrics(CollectorRegistry()), authorizer=OpenAuthorizer())
        self._server.add_service(SERVICE, SimpleNamespace(**methods | known))
        self._server.on_drain(self._tell)
        self._options = replace(self._options, address=self._server.start())

    def stop(self) -> None:
        """Goes away."""
        if self._server is not None:
            server, self._server = self._server, None
            server.stop(0)

    def publish(self, *snapshots: pb.PolicySnapshot) -> None:
        """Sends snapshots to whoever listens."""
        with self._changed:
            self._snapshots += snapshots
            self._changed.notify_all()

    def wait_for(self, holds: Callable[[], bool]) -> None:
        """Returns once something holds of what was recorded."""
        with self._changed:
            assert self._changed.wait_for(holds, WAIT_SECONDS)

    def _watch(self, request: pb.WatchPoliciesRequest, context: grpc.ServicerContext) -> Iterator[Any]:
        server, sent = self._server, 0
        self._note(context)
        context.add_callback(self._tell)
        self.stream_count += 1
        while context.is_active() and self._server is server:
            fresh = self._snapshots[sent:]
            yield pb.WatchPoliciesResponse(snapshots=fresh, initial_state_complete=not sent)
            sent += len(fresh)
            with self._changed:
                while len(self._snapshots) == sent and context.is_active() and self._server is server:
                    self._changed.wait()

    def _record(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._note(context)
        with self._changed:
            self.call_count += 1
            self._changed.notify_all()
            answer = self.script.popleft() if self.script else accept
            return answer(request, self)

    def keep(self, request: Any, *, but: frozenset[int] = frozenset()) -> int:
        """Keeps the rows of a request, those at some positions excepted; returns how many."""
        rows = request.exposures if isinstance(request, pb.RecordExposureRequest) else request.outcomes
        good = [row for position, row in enumerate(rows) if position not in but]
        (self.exposures if isinstance(request, pb.RecordExposureRequest) else self.outcomes).extend(good)
        return len(good)

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _note(self, context: grpc.ServicerContext) -> None:
        self.metadata = dict(context.invocation_metadata())

    def _unused(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise AssertionError("the client calls no other method")


def accept(request: Any, bandit: ScriptedBandit) -> Any:
    """Takes every row."""
    return _response(request, bandit.keep(request), [])


def lose_answer(request: Any, bandit: ScriptedBandit) -> Any:
    """Takes every row, and fails before it says so."""
    bandit.keep(request)
    raise Unavailable(Reason.DRAINING, "the answer is lost")


def fail_with(error: Exception) -> Answer:
    """Returns an answer that takes nothing."""

    def answer(request: Any, bandit: ScriptedBandit) -> Any:
        raise error

    return answer


def reject(*rejections: pb.RowRejection) -> Answer:
    """Returns an answer that takes all rows but some."""

    def answer(request: Any, bandit: ScriptedBandit) -> Any:
        kept = bandit.keep(request, but=frozenset(bad.index for bad in rejections))
        return _response(request, kept, rejections)

    return answer


def _response(request: Any, accepted: int, rejections: Any) -> Any:
    exposures = isinstance(request, pb.RecordExposureRequest)
    kind: Any = pb.RecordExposureResponse if exposures else pb.RecordOutcomesResponse
    return kind(accepted_count=accepted, rejections=rejections, durability=pb.DURABILITY_COMMITTED)
