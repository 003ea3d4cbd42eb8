"""Keeps handlers that wait away from handlers that do not: one bounded thread pool for each sort."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import Enum
from typing import Any, TypeVar

from shared import errors
from shared.errors import Reason

_T = TypeVar("_T")

RETRY_AFTER_SECONDS = 0.2


class Pool(Enum):
    """Says what a handler does with its thread."""

    FAST = "fast"
    """It never waits: it reads memory only."""
    WAITING = "waiting"
    """It waits for the store, a file or a lock."""
    STREAM = "stream"
    """It keeps it for as long as its client stays."""


class BoundedPool(ThreadPoolExecutor):
    """Is a thread pool that knows how much work is under way, queued work included. Safe to use from many threads."""

    def __init__(self, pool: Pool, *, thread_count: int, limit: int) -> None:
        super().__init__(thread_count, thread_name_prefix=f"rpc-{pool.value}")
        self.pool = pool
        self.limit = limit
        # One entry for each piece of work: append and pop are atomic, where a lock would be fought over.
        self._entries: deque[None] = deque()

    @property
    def under_way(self) -> int:
        """Returns how much work was submitted and is not done."""
        return len(self._entries)

    @property
    def full(self) -> bool:
        """Returns whether more work is to be refused."""
        return self.under_way >= self.limit

    def submit(self, work: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Queues the work, whatever the limit is: to refuse is up to the caller, who can answer.

        Raises:
            RuntimeError: The pool is shut down.
        """
        self._entries.append(None)
        try:
            return super().submit(self._counted, work, *args, **kwargs)
        except RuntimeError:
            self._entries.pop()
            raise

    def refusal(self) -> errors.PlatformError:
        """Returns the error for work that does not fit any more."""
        if self.pool is Pool.STREAM:
            message = f"{self.limit} streams are open, which is the limit"
            return errors.ResourceExhausted(Reason.LIMIT_EXCEEDED, message, metadata={"limit": str(self.limit)})
        message = "too much work is under way, try again"
        return errors.Unavailable(Reason.OVERLOADED, message, retry_after_seconds=RETRY_AFTER_SECONDS)

    def _counted(self, work: Callable[..., _T], /, *args: Any, **kwargs: Any) -> _T:
        try:
            return work(*args, **kwargs)
        finally:
            self._entries.pop()
