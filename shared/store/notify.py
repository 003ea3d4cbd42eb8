"""News between processes: NOTIFY within a transaction, and a listener that outlives Postgres.

News may get lost while the listener is not connected, so they only say "look again": the rows are the truth, and
whoever listens looks again from time to time anyway.
"""

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Final

import psycopg
import sqlalchemy
from psycopg import sql

from shared.store import engine

_NOTIFY = sqlalchemy.text("SELECT pg_notify(:channel, :payload)")
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0


def notify(connection: sqlalchemy.Connection, channel: str, payload: str) -> None:
    """Sends news when the transaction under way commits; nothing if it rolls back.

    Args:
        connection: In a transaction.
        channel: At most 63 bytes.
        payload: At most 7999 bytes.
    """
    connection.execute(_NOTIFY, {"channel": channel, "payload": payload})


class Listener:
    """Waits for news. One thread waits; any thread may close it."""

    def __init__(
        self,
        url: str,
        channels: Sequence[str],
        *,
        poll_interval_seconds: float = 5.0,
        application_name: str = "listener",
    ) -> None:
        """Makes a listener; it connects when it is first waited for.

        Args:
            url: As in `shared.store.engine.parse_url`. Needs a session of its own, so no pooler by transaction.
            channels: What to listen to.
            poll_interval_seconds: How long `wait` waits when it is not told.
            application_name: As in `parse_url`.

        Raises:
            InvalidArgument: INVALID_FIELD, the URL is bad.
        """
        self._arguments = engine.connect_arguments(engine.parse_url(url, application_name=application_name))
        self._channels = frozenset(channels)
        self._poll_interval_seconds = poll_interval_seconds
        self._connection: psycopg.Connection | None = None
        self._registered = -1
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        self._connect_at = time.monotonic()
        self._closed = threading.Event()
        self._waiting = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._alarm, self._alarm_bell = socket.socketpair()
        self._selector.register(self._alarm, selectors.EVENT_READ)

    @property
    def connected(self) -> bool:
        """Whether news arrive; while they do not, only looking again helps."""
        return self._connection is not None

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed.is_set()

    def wait(self, timeout_seconds: float | None = None) -> frozenset[str]:
        """Returns the channels with news as soon as there are any; none after the timeout, a loss, or `close`.

        Once connected (again) it returns all channels, as nobody knows what was missed.

        Args:
            timeout_seconds: How long to wait at most. None: the poll interval.
        """
        duration = self._poll_interval_seconds if timeout_seconds is None else timeout_seconds
        with self._waiting:
            return self._wait_until(time.monotonic() + duration)

    def __iter__(self) -> Iterator[frozenset[str]]:
        """Yields what `wait` returns until it is closed."""
        while not self.closed:
            yield self.wait()

    def close(self) -> None:
        """Ends the waiting, at once (a connection attempt under way: 2 s), and the connection. Twice is fine."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._alarm_bell.send(b"\0")
        with self._waiting:
            self._disconnect()
            self._selector.close()
            self._alarm.close()
            self._alarm_bell.close()

    def _wait_until(self, deadline: float) -> frozenset[str]:
        while not self.closed:
            if not self.connected and time.monotonic() >= self._connect_at and self._connect():
                return self._channels
            until = deadline if self.connected else min(deadline, self._connect_at)
            ready = self._selector.select(max(until - time.monotonic(), 0.0))
            if ready and self._connection is not None and not self.closed:
                channels = self._receive(self._connection)
                if channels or not self.connected:
                    return channels
            if time.monotonic() >= deadline:
                break
        return frozenset()

    def _connect(self) -> bool:
        try:
            connection = psycopg.connect(**self._arguments, autocommit=True)
            self._registered = connection.fileno()
            self._selector.register(self._registered, selectors.EVENT_READ)
            self._connection = connection
            for channel in sorted(self._channels):
                connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        except psycopg.Error:
            self._disconnect()
            return False
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        return True

    def _receive(self, connection: psycopg.Connection) -> frozenset[str]:
        try:
            return frozenset(news.channel for news in connection.notifies(timeout=0)) & self._channels
        except psycopg.Error:
            self._disconnect()
            return frozenset()

    def _disconnect(self) -> None:
        self._connect_at = time.monotonic() + self._pause_seconds
        self._pause_seconds = min(2 * self._pause_seconds, _LONGEST_PAUSE_SECONDS)
        connection, self._connection = self._connection, None
        if connection is not None:
            # By the number: once the server is gone the connection no longer tells its own.
            self._selector.unregister(self._registered)
            connection.close()
