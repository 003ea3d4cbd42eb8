"""Refuses bodies that are too large, by what they say or once they are, that do not come, or that end in two places."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.door import problem, refusals


class BodyLimit:
    """Wraps an application."""

    def __init__(self, app: ASGIApp, *, most_bytes: int, seconds: float) -> None:
        """Wraps it.

        Args:
            app: What answers.
            most_bytes: The size of the largest body.
            seconds: How long a body may take to come.
        """
        self._app = app
        self._most_bytes = most_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Headers(scope=scope))
        if refusal is not None:
            await problem.refused(refusal, request_id=scope["state"]["request_id"])(scope, receive, send)
            return
        await self._app(scope, _Body(receive, self._most_bytes, self._seconds), send)

    def _refusal(self, headers: Headers) -> refusals.HttpRefusal | None:
        said = headers.get("content-length", "")
        if said and "transfer-encoding" in headers:
            return refusals.two_lengths()
        too_large = said.isdecimal() and int(said[:20]) > self._most_bytes
        return refusals.body_too_large(self._most_bytes) if too_large else None


class _Body:
    """Receives one request's body, and after it whatever comes."""

    def __init__(self, receive: Receive, most_bytes: int, seconds: float) -> None:
        self._receive = receive
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._until = asyncio.get_running_loop().time() + seconds
        self._taken = 0
        self._complete = False

    async def __call__(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise refusals.body_too_slow(self._seconds) from None
        self._taken += len(message.get("body", b""))
        if self._taken > self._most_bytes:
            raise refusals.body_too_large(self._most_bytes)
        self._complete = not message.get("more_body", False)
        return message
