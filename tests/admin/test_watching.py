"""Watching change requests: by the stream, or by asking; with a server that has what it is told."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import grpc
import pytest

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2 as review
from experimentation.v1.review_service_pb2 import ChangeRequestFilter
from services.admin.watching import POLL_SECONDS, Watch
from shared.errors import PermissionDenied, Reason
from shared.rpc import status

PENDING, APPROVED = pb.CHANGE_REQUEST_STATE_PENDING, pb.CHANGE_REQUEST_STATE_APPROVED


def request(name: str, state: "pb.ChangeRequestState.ValueType" = PENDING) -> pb.ChangeRequest:
    return pb.ChangeRequest(change_request_id=name, state=state)


class Broken(grpc.RpcError):
    """Is how gRPC tells of an error."""

    def __init__(self, code: grpc.StatusCode, trailers: tuple[tuple[str, str | bytes], ...] = ()) -> None:
        super().__init__()
        self._code = code
        self._trailers = trailers

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "broken"

    # The stubs have a wrong type here: they are pairs.
    def trailing_metadata(self) -> Any:
        return self._trailers


class Stream:
    """Is one call of the stream: messages, and perhaps how it breaks."""

    def __init__(self, *steps: Sequence[pb.ChangeRequest] | Broken) -> None:
        self._steps = steps
        self.cancelled = False

    def __iter__(self) -> Iterator[review.WatchChangeRequestsResponse]:
        for step in self._steps:
            if isinstance(step, Broken):
                raise step
            yield review.WatchChangeRequestsResponse(change_requests=step)

    def cancel(self) -> None:
        self.cancelled = True


class Service:
    """Is a ReviewService that has streams, and lists of requests to be asked for."""

    def __init__(self, *streams: Stream, lists: Sequence[Sequence[pb.ChangeRequest]] = ()) -> None:
        self._streams = iter(streams)
        self._lists = iter(lists)
        self.asked: list[Any] = []

    def WatchChangeRequests(self, asked: review.WatchChangeRequestsRequest, timeout: float | None) -> Stream:
        self.asked.append(asked)
        return next(self._streams, Stream(Broken(grpc.StatusCode.UNIMPLEMENTED)))

    def ListChangeRequests(self, asked: Any, timeout: float) -> review.ListChangeRequestsResponse:
        return review.ListChangeRequestsResponse(change_requests=next(self._lists))

    def GetChangeRequest(self, asked: Any, timeout: float) -> review.GetChangeRequestResponse:
        return review.GetChangeRequestResponse(change_request=next(self._lists)[0])


def watched(
    service: Service, *, seconds: float | None = None, one: str = ""
) -> tuple[list[pb.ChangeRequest], list[float]]:
    """Returns what is seen until the service has nothing more, and how long was waited in between."""
    pauses: list[float] = []
    stub: Any = service
    watch = Watch(stub, timeout_seconds=seconds, now=lambda: sum(pauses), pause=pauses.append)
    seen: list[pb.ChangeRequest] = []
    with contextlib.suppress(RuntimeError, StopIteration):
        seen.extend(watch.requests(ChangeRequestFilter(), one))
    return seen, pauses


def test_watch_when_the_stream_tells_then_each_change_once_and_no_heartbeats() -> None:
    stream = Stream([request("a")], [], [request("a")], [request("a", APPROVED), request("b")])

    seen, _ = watched(Service(stream))

    assert [(each.change_request_id, each.state) for each in seen] == [("a", PENDING), ("a", APPROVED), ("b", PENDING)]
    assert stream.cancelled


def test_watch_when_the_stream_breaks_then_goes_on_without_repeating() -> None:
    away = Broken(grpc.StatusCode.UNAVAILABLE)
    service = Service(Stream([request("a")], away), Stream([request("a"), request("b")]))

    seen, pauses = watched(service)

    assert [each.change_request_id for each in seen] == ["a", "b"]
    assert pauses[0] == POLL_SECONDS


def test_watch_when_there_is_no_stream_then_asks_every_now_and_then() -> None:
    service = Service(lists=[[request("b"), request("a")], [request("b", APPROVED), request("a")]])

    seen, pauses = watched(service)

    assert [(each.change_request_id, each.state) for each in seen] == [("a", PENDING), ("b", PENDING), ("b", APPROVED)]
    assert set(pauses) == {POLL_SECONDS}


def test_watch_when_one_is_named_then_asks_for_that() -> None:
    service = Service(lists=[[request("a")], [request("a", APPROVED)]])

    seen, _ = watched(service, one="a")

    assert [each.state for each in seen] == [PENDING, APPROVED]
    assert [asked.change_request_id for asked in service.asked] == ["a"]


def test_watch_when_the_time_is_over_then_ends() -> None:
    lists = [[request("a")]] * 100

    seen, pauses = watched(Service(lists=lists), seconds=5)

    assert len(seen) == 1
    assert pauses == [POLL_SECONDS, POLL_SECONDS, 1.0]


def test_watch_when_the_deadline_of_the_stream_comes_then_ends() -> None:
    late = Broken(grpc.StatusCode.DEADLINE_EXCEEDED)

    seen, pauses = watched(Service(Stream([request("a")], late)), seconds=5)

    assert [each.change_request_id for each in seen] == ["a"]
    assert pauses == []


def test_watch_when_refused_then_says_why() -> None:
    refusal = status.to_status(PermissionDenied(Reason.PERMISSION_DENIED, "no"))
    service: Any = Service(Stream(Broken(grpc.StatusCode.PERMISSION_DENIED, refusal.trailing_metadata)))

    with pytest.raises(PermissionDenied) as caught:
        list(Watch(service).requests(ChangeRequestFilter()))
    assert caught.value.reason is Reason.PERMISSION_DENIED
