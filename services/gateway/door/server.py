"""Serves an ASGI application on a thread of its own, so that the process starts and stops as the others do."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from services.gateway.door.patience import patient

_KEEP_ALIVE_SECONDS: Final = 20


class _Uvicorn(uvicorn.Server):
    """Is uvicorn's server, which says when it has started."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()


class HttpServer:
    """Is a server that can be started once and stopped once."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        address: str,
        certificate: Path | None,
        key: Path | None,
        drain_grace: timedelta,
        head_timeout: timedelta,
        stall_timeout: timedelta,
        on_drain: Callable[[], None],
    ) -> None:
        """Makes a server.

        Args:
            app: What it serves.
            address: host:port; port 0 takes a free one.
            certificate: The certificate chain. None: no TLS.
            key: Its private key.
            drain_grace: How long requests under way may take when it stops.
            head_timeout: How long the head of a request may take to come.
            stall_timeout: How long a client may take nothing of an answer.
            on_drain: Is called on the loop when it begins to stop, so that streams end.
        """
        self._address = address
        self._on_drain = on_drain
        self._ended = threading.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="http")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._socket: socket.socket | None = None
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            # Whoever stands before it is not believed about where requests come from.
            proxy_headers=False,
            ws="none",
            http=patient(head_seconds=head_timeout.total_seconds(), stall_seconds=stall_timeout.total_seconds()),
            lifespan="on",
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            # It counts whole seconds.
            timeout_graceful_shutdown=max(1, round(drain_grace.total_seconds())),
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        # What clients do wrong is theirs to know: it must not fill the log.
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        self._uvicorn = _Uvicorn(config, self._started.set)

    def start(self) -> str:
        """Returns the address that it answers on.

        Raises:
            OSError: It cannot listen there, or a TLS file cannot be read; the message says which.
        """
        self._uvicorn.config.load()
        host, _, port = self._address.rpartition(":")
        self._socket = _bound(host.strip("[]"), int(port))
        self._thread.start()
        while not self._started.wait(0.05):
            if self._ended.is_set():
                raise OSError(f"the server on {self._address} did not start")
        return f"{host}:{self._socket.getsockname()[1]}"

    def stop(self) -> None:
        """Drains and stops; returns when that is done."""
        if self._loop is not None and not self._ended.is_set():
            self._loop.call_soon_threadsafe(self._drain)
        self._thread.join()

    def _drain(self) -> None:
        self._on_drain()
        self._uvicorn.should_exit = True

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._ended.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        assert self._socket is not None
        await self._uvicorn.serve([self._socket])


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, so that answers leave at once (TCP_NODELAY); asyncio asks for it of such sockets alone.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        # Connections that come before the loop runs wait.
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from error
    listening.setblocking(False)  # noqa: FBT003
    return listening
