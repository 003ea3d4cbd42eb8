"""Answers the routes: make the RPC's request, call as the caller, make the answer."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from google.protobuf import message
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.door import refusals
from services.gateway.door.bearer import origin_of
from services.gateway.door.rate_limit import TAKEN
from services.gateway.rest import binding, body, reply
from services.gateway.rest.event_stream import EventStream, Timing
from services.gateway.rest.route import Route
from services.gateway.rest.telling import TELLERS, Teller
from services.gateway.upstream.services import Upstream
from shared import errors

_LARGE_BYTES: Final = 64 * 1024
# A stream may have nothing to tell for long; what refuses it comes at once.
_FIRST_SECONDS: Final = 3.0
_RETRY_AFTER_SECONDS: Final = 5.0


class OpenStreams:
    """Counts the event streams that are open, up to a limit."""

    def __init__(self, most: int, gauge: Any) -> None:
        self._most = most
        self._gauge = gauge
        self._count = 0

    def open(self) -> None:
        """Counts one more.

        Raises:
            ResourceExhausted: LIMIT_EXCEEDED.
        """
        if self._count >= self._most:
            raise errors.ResourceExhausted(
                errors.Reason.LIMIT_EXCEEDED,
                f"{self._most} event streams are open already; ask for the resource itself, or try again later",
                metadata={"limit": str(self._most)},
                retry_after_seconds=_RETRY_AFTER_SECONDS,
            )
        self._count += 1
        self._gauge.set(self._count)

    def close(self) -> None:
        """Counts one less."""
        self._count -= 1
        self._gauge.set(self._count)


class Answering:
    """Answers requests of one path, whatever their method."""

    def __init__(
        self,
        routes: Sequence[Route],
        upstream: Upstream,
        *,
        streams: OpenStreams,
        timing: Timing,
        draining: asyncio.Event,
    ) -> None:
        self._path = routes[0].path
        self._routes: Mapping[str, Route] = {route.method: route for route in routes}
        self._upstream = upstream
        self._streams = streams
        self._timing = timing
        self._draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request: it is an ASGI application.

        Raises:
            PlatformError: It cannot be answered.
            HttpRefusal: Nor be understood.
        """
        scope["state"]["route"] = self._path
        request = Request(scope, receive, send)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> ASGIApp:
        route = self._route(request.method)
        origin = origin_of(request.headers, request.state.request_id)
        asked = await _asked(route, request)
        method = self._upstream.method(route.rpc)
        if route.events is None:
            response = await self._upstream.call(method, asked, origin)
            request.scope["state"][TAKEN] = True
            return await _response(route, asked, response)
        teller = TELLERS[route.events.name]()
        last_event_id = request.headers.get("last-event-id", "")
        if last_event_id:
            teller.resume(asked, last_event_id)
        return await self._stream(teller, self._upstream.stream(method, asked, origin), request.state.request_id)

    def _route(self, method: str) -> Route:
        found = self._routes.get("GET" if method == "HEAD" else method)
        if found is None:
            allowed = sorted({*self._routes, *(["HEAD"] if "GET" in self._routes else [])})
            raise refusals.method_not_allowed(method, ", ".join(allowed))
        return found

    async def _stream(self, teller: Teller, responses: AsyncGenerator[Any, None], request_id: str) -> EventStream:
        self._streams.open()
        first = asyncio.ensure_future(anext(responses))
        try:
            await asyncio.wait({first}, timeout=min(_FIRST_SECONDS, self._timing.ping))
            if first.done() and isinstance(first.exception(), errors.PlatformError):
                first.result()
        except BaseException:
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await responses.aclose()
            self._streams.close()
            raise
        return EventStream(
            responses,
            first,
            teller,
            timing=self._timing,
            draining=self._draining,
            request_id=request_id,
            on_end=self._streams.close,
        )


async def _asked(route: Route, request: Request) -> message.Message:
    content = await body.read_json(request) if route.body else None
    asked = partial(
        binding.request_of,
        route,
        path=request.path_params,
        given=request.query_params.multi_items(),
        headers=request.headers,
        body=content,
    )
    # What takes long must not hold up the others.
    large = route.body and len(await request.body()) > _LARGE_BYTES
    return await run_in_threadpool(asked) if large else asked()


async def _response(route: Route, asked: message.Message, response: message.Message) -> Response:
    changed = not getattr(asked, "validate_only", False)
    if response.ByteSize() > _LARGE_BYTES:
        return await run_in_threadpool(reply.response_of, route, response, changed=changed)
    return reply.response_of(route, response, changed=changed)
