"""An answer of server-sent events: told as they come, pinged when silent, ended when either side has gone."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from services.gateway.door import problem
from services.gateway.rest import sse
from services.gateway.rest.telling import Teller
from shared import errors, log
from shared.rpc import status

_HEADERS: Final = (
    (b"content-type", f"{sse.MEDIA_TYPE}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    # Proxies that gather what they pass on would hold events back.
    (b"x-accel-buffering", b"no"),
)

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """Says how patient streams are, in seconds.

    Attributes:
        ping: How long one is silent before a comment is sent.
        stall: How long a client may take nothing before it is given up.
    """

    ping: float
    stall: float


class EventStream:
    """Is the ASGI response; when it ends, however it does, the call of the service is cancelled."""

    def __init__(
        self,
        responses: AsyncGenerator[Any, None],
        first: "asyncio.Future[Any]",
        teller: Teller,
        *,
        timing: Timing,
        draining: asyncio.Event,
        request_id: str,
        on_end: Callable[[], None],
    ) -> None:
        """Makes one.

        Args:
            responses: What the service sends.
            first: Its first response, which has been asked for.
            teller: Turns responses into events.
            timing: How patient it is.
            draining: Is set when the server stops.
            request_id: Names the request in a problem.
            on_end: Is called once, when the stream has ended.
        """
        self._responses = responses
        self._pending = first
        self._teller = teller
        self._timing = timing
        self._draining = draining
        self._request_id = request_id
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers until either side ends."""
        gone = asyncio.ensure_future(_gone(receive))
        drained = asyncio.ensure_future(self._draining.wait())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
            if scope["method"] != "HEAD":
                await self._send(send, sse.OPENING)
                await self._tell(send, gone, drained)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            log.event(_logger, "event stream given up: its client takes nothing", level=logging.WARNING)
        finally:
            await _ended(gone, drained, self._pending)
            await self._responses.aclose()
            self._on_end()

    async def _tell(self, send: Send, gone: "asyncio.Future[None]", drained: "asyncio.Future[Any]") -> None:
        more = True
        while more:
            watched = {self._pending, gone, drained}
            done, _ = await asyncio.wait(watched, timeout=self._timing.ping, return_when=asyncio.FIRST_COMPLETED)
            if gone in done:
                return
            chunks, more = ([sse.PING], True) if not done else self._outcome()
            for chunk in chunks:
                await self._send(send, chunk)
            if more and self._pending.done():
                self._pending = asyncio.ensure_future(anext(self._responses))

    def _outcome(self) -> tuple[list[bytes], bool]:
        """Returns what there is to tell, and whether more may come."""
        try:
            if not self._pending.done():
                raise errors.Unavailable(errors.Reason.DRAINING, "the gateway is stopping, connect to another")
            # What tells nothing is a heartbeat, and is passed on.
            return list(self._teller.told(self._pending.result())) or [sse.PING], True
        except StopAsyncIteration:
            return [self._teller.end()], False
        except errors.PlatformError as error:
            code = status.HTTP_STATUSES[error.kind]
            return [sse.event("problem", problem.document(error, code, self._request_id))], False

    async def _send(self, send: Send, body: bytes) -> None:
        async with asyncio.timeout(self._timing.stall):
            await send({"type": "http.response.body", "body": body, "more_body": True})


async def _gone(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _ended(*futures: "asyncio.Future[Any]") -> None:
    for future in futures:
        future.cancel()
    await asyncio.gather(*futures, return_exceptions=True)
