"""Watches change requests: by the stream of the service, or by asking where it has none."""

import time
from collections.abc import Callable, Iterator
from typing import Final

import grpc

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.review_service_pb2 import ChangeRequestFilter, WatchChangeRequestsRequest
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.admin import review_calls
from shared import errors
from shared.rpc import client

POLL_SECONDS: Final = 2.0
_MAX_BREAKS: Final = 5


class Watch:
    """Watches change requests of one service."""

    def __init__(
        self,
        stub: ReviewServiceStub,
        *,
        timeout_seconds: float | None = None,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begins the time in which it watches.

        Args:
            stub: The service.
            timeout_seconds: How long. None: as long as somebody reads.
            now: A clock in seconds, which only goes forwards.
            pause: Waits for some seconds.
        """
        self._stub = stub
        self._now = now
        self._pause = pause
        self._ends = None if timeout_seconds is None else now() + timeout_seconds
        self._seen: dict[str, bytes] = {}

    def requests(self, kept: ChangeRequestFilter, change_request_id: str = "") -> Iterator[pb.ChangeRequest]:
        """Yields change requests as they are, and again whenever they change, until the time is over.

        Args:
            kept: Says which.
            change_request_id: One request instead.

        Raises:
            PlatformError: The service refuses, or stays away.
        """
        for each in self._found(kept, change_request_id):
            fresh = each.SerializeToString(deterministic=True)
            if self._seen.get(each.change_request_id) != fresh:
                self._seen[each.change_request_id] = fresh
                yield each

    def _found(self, kept: ChangeRequestFilter, change_request_id: str) -> Iterator[pb.ChangeRequest]:
        wanted = kept if kept.ByteSize() else None
        request = WatchChangeRequestsRequest(change_request_id=change_request_id, filter=wanted)
        breaks = 0
        while not self._is_over and breaks < _MAX_BREAKS:
            try:
                for response in client.stream(self._stub.WatchChangeRequests, request, timeout_seconds=self._remaining):
                    breaks = 0
                    yield from response.change_requests
            except errors.DeadlineExceeded:
                return
            except errors.PlatformError as error:
                if _is_unknown(error):
                    break
                if not isinstance(error, errors.Unavailable):
                    raise
            breaks += 1
            self._wait()
        yield from self._polled(kept, change_request_id)

    def _polled(self, kept: ChangeRequestFilter, change_request_id: str) -> Iterator[pb.ChangeRequest]:
        while not self._is_over:
            if change_request_id:
                yield review_calls.get(self._stub, change_request_id)
            else:
                yield from reversed(list(review_calls.pages(self._stub, kept)))
            self._wait()

    def _wait(self) -> None:
        left = self._remaining
        self._pause(POLL_SECONDS if left is None else min(POLL_SECONDS, left))

    @property
    def _remaining(self) -> float | None:
        return None if self._ends is None else max(self._ends - self._now(), 0.0)

    @property
    def _is_over(self) -> bool:
        return self._ends is not None and self._now() >= self._ends


def _is_unknown(error: errors.PlatformError) -> bool:
    cause = error.__cause__
    return isinstance(cause, grpc.RpcError) and cause.code() is grpc.StatusCode.UNIMPLEMENTED
