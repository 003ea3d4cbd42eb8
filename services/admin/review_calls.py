"""Reads change requests: one, and the pages of many."""

from collections.abc import Iterator
from typing import Final

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.admin.clients import CALL_SECONDS
from shared.rpc import client

PAGE_SIZE: Final = 200


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
