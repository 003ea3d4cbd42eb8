"""The frame around every request: its id, its measure, the headers that every answer has, defects as problems."""

import logging
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.door import problem
from services.gateway.door.http_metrics import HttpMetrics
from shared import log
from shared.ids import NewId
from shared.rpc.calls import MAX_REQUEST_ID_CHARACTERS, REQUEST_ID_KEY

# What a page needs beyond this it says itself.
SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_OVER_TLS: Final = {"Strict-Transport-Security": "max-age=31536000"}
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNMATCHED: Final = "unmatched"

_logger = logging.getLogger(__name__)


class Frame:
    """Wraps an application."""

    def __init__(self, app: ASGIApp, *, metrics: HttpMetrics, new_id: NewId, tls: bool) -> None:
        """Wraps it.

        Args:
            app: What answers.
            metrics: Counts requests.
            new_id: Makes ids for requests that bring none.
            tls: Whether browsers come over TLS, which may end before this process.
        """
        self._app = app
        self._metrics = metrics
        self._new_id = new_id
        self._tls = tls
        self._headers = {**SECURITY_HEADERS, **_OVER_TLS} if tls else SECURITY_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        if self._tls:
            # What a proxy sends on in the clear came over TLS all the same.
            scope["scheme"] = "https"
        log.bind_request_id(lambda: request_id)
        framed = _Framed(send, self._headers, request_id, self._measure(scope))
        try:
            await self._app(scope, receive, framed)
        except Exception as error:  # whatever it is, the caller is answered
            log.failure(_logger, "request failed", error)
            if not framed.begun:
                await problem.response(problem.defect(request_id), request_id=request_id)(scope, receive, framed)

    def _request_id(self, scope: Scope) -> str:
        sent = Headers(scope=scope).get(REQUEST_ID_KEY, "")
        usable = sent.isascii() and sent.isprintable() and 0 < len(sent) <= MAX_REQUEST_ID_CHARACTERS
        return sent if usable else self._new_id("req")

    def _measure(self, scope: Scope) -> Callable[[int], None]:
        started = perf_counter()

        def begun(status: int) -> None:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = scope["state"].get("route") or getattr(scope.get("route"), "path", _UNMATCHED)
            self._metrics.answered(method, route, status, perf_counter() - started)

        return begun


class _Framed:
    """Sends an answer on, with the headers that every one has."""

    def __init__(
        self, send: Send, headers: Mapping[str, str], request_id: str, on_begun: Callable[[int], None]
    ) -> None:
        self._send = send
        self._headers = headers
        self._request_id = request_id
        self._on_begun = on_begun
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID_KEY] = self._request_id
            for name, value in self._headers.items():
                headers.setdefault(name, value)
            self._on_begun(message["status"])
        await self._send(message)
