"""Reads lists of the AI service: the items of all pages."""

from collections.abc import Iterator
from typing import Any, Final

from services.admin.clients import CALL_SECONDS
from shared.rpc import client

PAGE_SIZE: Final = 200


def pages(rpc: Any, request: Any, field: str, *, limit: int = 0) -> Iterator[Any]:
    """Yields the items of all pages.

    Args:
        rpc: A stub's method that lists.
        request: Its request, with `page_size` and `page_token`.
        field: Of the response, which has the items.
        limit: The most to yield; 0: all.
    """
    request.page_size = min(limit or PAGE_SIZE, PAGE_SIZE)
    count = 0
    while True:
        response = client.call(rpc, request, timeout_seconds=CALL_SECONDS)
        for each in getattr(response, field):
            yield each
            count += 1
            if count == limit:
                return
        if not response.next_page_token:
            return
        request.page_token = response.next_page_token
