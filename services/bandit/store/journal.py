"""Makes rows durable: in Postgres by group commit, or on this machine's disk while Postgres is away.

Two threads work for a journal. The committer writes what callers wait for, everything that came in meanwhile in one
transaction. The drainer moves what was spooled into Postgres. A transaction whose end was not seen is spooled and
written again: the logs take rows more than once, and folding counts them once.
"""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from services.bandit.domain.events import Durability
from services.bandit.store.spool import Spool
from shared import log
from shared.errors import PlatformError, Reason, ResourceExhausted, Unavailable

MAX_GROUP_BYTES = 8 << 20
MAX_DRAIN_BYTES = 256 << 10

_logger = logging.getLogger(__name__)


class RowsRefusedError(Exception):
    """The store will never take these rows, whatever its state."""


class _Request(NamedTuple):
    block: bytes
    done: "Future[Durability]"


class Journal:
    """Takes blocks of COPY lines. Safe for threads."""

    def __init__(
        self,
        spool: Spool,
        copy: Callable[[bytes], None],
        *,
        refused: Path,
        drain_interval_seconds: float = 0.1,
        retry_interval_seconds: float = 0.5,
    ) -> None:
        """Starts the threads.

        Args:
            spool: The disk queue; closed with the journal.
            copy: Writes a block in one transaction, or raises RowsRefusedError where some rows can never be written; on
                any other error they are spooled, and written later.
            refused: A file for spooled rows that can never be written.
            drain_interval_seconds: How often spooled rows are moved while the store is there.
            retry_interval_seconds: How often the store is tried while it is away.
        """
        self._spool = spool
        self._copy = copy
        self._refused = refused
        self._drain_interval_seconds = drain_interval_seconds
        self._retry_interval_seconds = retry_interval_seconds
        self._store_is_away = False
        self._requests: list[_Request] = []
        self._arrived = threading.Condition()
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._commit_all, self._drain_all)]
        for thread in self._threads:
            thread.start()

    @property
    def spooled_bytes(self) -> int:
        """Returns how much waits on this machine's disk."""
        return self._spool.used_bytes

    def append(self, block: bytes) -> bool:
        """Keeps a block beyond the end of this process, without waiting; returns False where there is no room."""
        return self._spool.append(block)

    def record(self, block: bytes, *, timeout_seconds: float) -> Durability:
        """Returns when a block is durable.

        Raises:
            ResourceExhausted: SPOOL_FULL: the store is away and there is no room; nothing was kept.
            Unavailable: DRAINING: the journal is closing; nothing was kept.
            TimeoutError: Not done in time; whether it took effect is not known.
        """
        done: Future[Durability] = Future()
        with self._arrived:
            if self._closing.is_set():
                raise Unavailable(Reason.DRAINING, "the server is stopping")
            self._requests.append(_Request(block, done))
            self._arrived.notify()
        return done.result(timeout_seconds)

    def close(self) -> None:
        """Finishes what callers wait for, drains what the store takes now, and closes the spool."""
        with self._arrived:
            self._closing.set()
            self._arrived.notify_all()
        for thread in self._threads:
            thread.join()
        self._spool.close()

    def _commit_all(self) -> None:
        while group := self._next_group():
            try:
                self._commit(group)
            except Exception as error:  # the disk failed; who waits must hear it, and the next ones be served
                log.failure(_logger, "rows could not be kept", error)
                for request in group:
                    if not request.done.done():
                        request.done.set_exception(error)

    def _next_group(self) -> list[_Request]:
        with self._arrived:
            self._arrived.wait_for(lambda: self._requests or self._closing.is_set())
            count = _fitting(self._requests)
            group, self._requests = self._requests[:count], self._requests[count:]
            return group

    def _commit(self, group: list[_Request]) -> None:
        if self._store_is_away:
            self._spool_group(group)
            return
        try:
            self._copy(b"".join(request.block for request in group))
        except RowsRefusedError as error:
            self._commit_one_by_one(group, error)
        except Exception as error:
            self._note_away(error)
            self._spool_group(group)
        else:
            for request in group:
                request.done.set_result(Durability.COMMITTED)

    def _commit_one_by_one(self, group: list[_Request], error: RowsRefusedError) -> None:
        """Keeps one caller's bad block from failing the others."""
        if len(group) == 1:
            log.event(_logger, "rows refused by the store", level=logging.ERROR, error=str(error))
            group[0].done.set_exception(error)
            return
        for request in group:
            self._commit([request])

    def _spool_group(self, group: list[_Request]) -> None:
        appended = [(request, self._spool.append(request.block)) for request in group]
        self._spool.sync()
        for request, kept in appended:
            if kept:
                request.done.set_result(Durability.SPOOLED)
            else:
                request.done.set_exception(spool_full(self._retry_interval_seconds))

    def _note_away(self, error: Exception) -> None:
        if not self._store_is_away:
            log.event(_logger, "store takes no rows, they are spooled", level=logging.WARNING, error=repr(error))
        self._store_is_away = True

    def _drain_all(self) -> None:
        while not self._closing.wait(self._pause_seconds()):
            self._drain()
        self._drain()

    def _pause_seconds(self) -> float:
        return self._retry_interval_seconds if self._store_is_away else self._drain_interval_seconds

    def _drain(self) -> None:
        try:
            while not self._spool.is_empty:
                blocks, position = self._spool.peek(max_bytes=MAX_DRAIN_BYTES)
                self._copy_drained(blocks)
                self._spool.discard(position)
                self._note_back()
            # Where nothing was spooled for want of room, nothing here finds out: let the next commit try.
            self._store_is_away = False
        except Exception as error:  # whatever it is, what is spooled stays for the next time
            self._note_away(error)

    def _copy_drained(self, blocks: list[bytes]) -> None:
        try:
            self._copy(b"".join(blocks))
        except RowsRefusedError as error:
            if len(blocks) > 1:
                for block in blocks:
                    self._copy_drained([block])
            else:
                self._quarantine(blocks[0], error)

    def _quarantine(self, block: bytes, error: RowsRefusedError) -> None:
        """Keeps rows that the store will never take where a person can look at them."""
        log.event(
            _logger, "spooled rows refused by the store", level=logging.ERROR, file=str(self._refused), error=str(error)
        )
        with self._refused.open("ab") as file:
            file.write(block)
            file.flush()
            os.fsync(file.fileno())

    def _note_back(self) -> None:
        if self._store_is_away:
            log.event(_logger, "store is back, spool drains")
        self._store_is_away = False


def _fitting(requests: Sequence[_Request]) -> int:
    """Returns how many requests go into one transaction: one at least, where there is one."""
    sizes = accumulate(len(request.block) for request in requests)
    return next((count for count, size in enumerate(sizes, start=1) if size >= MAX_GROUP_BYTES), len(requests))


def spool_full(retry_after_seconds: float) -> PlatformError:
    """Returns the error for rows that found no room."""
    return ResourceExhausted(
        Reason.SPOOL_FULL,
        "the store is away and the local spool is full; nothing of this request was kept, send it again later",
        retry_after_seconds=retry_after_seconds,
    )
