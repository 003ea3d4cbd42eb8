"""Sends requests of the Messages API with nothing but what belongs to them, and reads answers within time and size."""

import time
from collections.abc import Callable, Iterator
from typing import Final

import httpx2

MOST_BYTES: Final = 16 * 1024 * 1024
"""Of one answer; the longest that a model can write is well below."""
_SENT: Final = (
    *("host", "content-type", "content-length", "transfer-encoding", "accept", "connection", "user-agent"),
    *("authorization", "anthropic-version"),
)
"""Headers that leave: those of the call, and not what the client adds of its machine or out of the environment."""


class MessagesTransport(httpx2.BaseTransport):
    """Is the way to the Messages API. A read timeout bounds a whole answer here, however it trickles."""

    def __init__(self, inner: httpx2.BaseTransport, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._inner = inner
        self._monotonic = monotonic

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Returns the answer to a request; its body is read by whoever has it, within the time of the request."""
        read_seconds = request.extensions.get("timeout", {}).get("read")
        until = None if read_seconds is None else self._monotonic() + read_seconds
        bare = httpx2.Request(
            request.method,
            request.url,
            headers=[(name, request.headers[name]) for name in _SENT if name in request.headers],
            stream=request.stream,
            extensions=request.extensions,
        )
        response = self._inner.handle_request(bare)
        assert isinstance(response.stream, httpx2.SyncByteStream)
        body = _BoundedBody(response.stream, until, self._monotonic)
        return httpx2.Response(
            response.status_code, headers=response.headers, stream=body, extensions=response.extensions
        )

    def close(self) -> None:
        """Closes all connections."""
        self._inner.close()


class _BoundedBody(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, until: float | None, monotonic: Callable[[], float]) -> None:
        self._inner = inner
        self._until = until
        self._monotonic = monotonic

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._inner:
            size += len(chunk)
            if size > MOST_BYTES:
                raise httpx2.RemoteProtocolError(f"the answer has more than {MOST_BYTES} bytes")
            yield chunk
            if self._until is not None and self._monotonic() > self._until:
                raise httpx2.ReadTimeout("the answer takes too long to arrive")

    def close(self) -> None:
        self._inner.close()
