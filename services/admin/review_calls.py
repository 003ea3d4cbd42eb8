"""Reads change requests: one, many, and those that change while one watches."""

import time
from collections.abc import Callable, Iterator
from typing import Final

import grpc

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.admin.clients import CALL_SECONDS
from shared import errors
from shared.rpc import client

PAGE_SIZE: Final = 200
POLL_SECONDS: Final = 2.0
_MAX_BREAKS: Final = 5

Pause = Callable[[float], None]


def get(stub: ReviewServiceStub, change_request_id: str) -> pb.ChangeRequest:
    """Returns one change request.

    Raises:
        NotFound: CHANGE_REQUEST_NOT_FOUND.
    """
    request = review_service_pb2.GetChangeRequestRequest(change_request_id=change_request_id)
    return client.call(stub.GetChangeRequest, request, timeout_seconds=CALL_SECONDS).change_request


def pages(
    stub: ReviewServiceStub, kept: review_service_pb2.ChangeRequestFilter, *, limit: int = 0
) -> Iterator[pb.ChangeRequest]:
    """Yields the change requests of a filter, newest first, from all pages.

    Args:
        stub: The service.
        kept: Says which.
        limit: The most to yield; 0: all.
    """
    request = review_service_pb2.ListChangeRequestsRequest(page_size=min(limit or PAGE_SIZE, PAGE_SIZE), filter=kept)
    count = 0
    while True:
        response = client.call(stub.ListChangeRequests, request, timeout_seconds=CALL_SECONDS)
        for each in response.change_requests:
            yield each
            count += 1
            if count == limit:
                return
        if not response.next_page_token:
            return
        request.page_token = response.next_page_token


def watched(
    stub: ReviewServiceStub,
    kept: review_service_pb2.ChangeRequestFilter,
    *,
    change_request_id: str = "",
    pause: Pause = time.sleep,
) -> Iterator[pb.ChangeRequest | None]:
    """Yields change requests as they are, and again whenever they change; None now and then, while nothing does.

    Follows the stream; where the server has none, or it breaks, asks every two seconds.

    Args:
        stub: The service.
        kept: Says which.
        change_request_id: One request instead.
        pause: Waits for some seconds.

    Raises:
        PlatformError: The service refuses, or stayed away.
    """
    wanted = kept if kept.ByteSize() else None
    request = review_service_pb2.WatchChangeRequestsRequest(change_request_id=change_request_id, filter=wanted)
    breaks = 0
    while breaks < _MAX_BREAKS:
        try:
            for response in client.stream(stub.WatchChangeRequests, request):
                breaks = 0
                yield from response.change_requests or [None]
        except errors.PlatformError as error:
            if _is_unknown(error):
                break
            if not isinstance(error, errors.Unavailable):
                raise
        breaks += 1
        pause(POLL_SECONDS)
    yield from _polled(stub, kept, change_request_id, pause)


def _polled(
    stub: ReviewServiceStub, kept: review_service_pb2.ChangeRequestFilter, change_request_id: str, pause: Pause
) -> Iterator[pb.ChangeRequest | None]:
    known: dict[str, bytes] = {}
    while True:
        found = [get(stub, change_request_id)] if change_request_id else list(pages(stub, kept))
        for each in reversed(found):
            seen = each.SerializeToString(deterministic=True)
            if known.get(each.change_request_id) != seen:
                known[each.change_request_id] = seen
                yield each
        yield None
        pause(POLL_SECONDS)


def _is_unknown(error: errors.PlatformError) -> bool:
    cause = error.__cause__
    return isinstance(cause, grpc.RpcError) and cause.code() is grpc.StatusCode.UNIMPLEMENTED
