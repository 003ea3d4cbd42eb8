"""Limits how often each caller may ask: a bucket of tokens each, in memory, the longest idle forgotten first.

A token has a bucket once a service took it: until then, as without one, the address pays. So nobody gets more by
inventing tokens, and nobody's bucket is forgotten for invented ones.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.door import problem
from shared import errors

TAKEN: Final = "token_taken"
"""Is what the state of a request says once a service took its token."""

_MOST_CALLERS: Final = 10_000


@dataclass(slots=True)
class _Bucket:
    """Is what one caller may still ask.

    Attributes:
        left: Counts requests; grows with time up to the burst.
        at: Is when that was, in seconds.
    """

    left: float
    at: float


class TokenBuckets:
    """Says who may ask now."""

    def __init__(
        self, *, per_second: float, burst: int, seconds: Callable[[], float], most: int = _MOST_CALLERS
    ) -> None:
        """Makes full buckets.

        Args:
            per_second: How fast a bucket fills.
            burst: How much it holds.
            seconds: A clock that never goes back.
            most: How many callers are remembered.
        """
        self._per_second = per_second
        self._burst = burst
        self._seconds = seconds
        self._most = most
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, caller: str) -> float:
        """Returns 0 and takes one, or returns the seconds until there is one."""
        now = self._seconds()
        bucket = self._buckets.setdefault(caller, _Bucket(float(self._burst), now))
        self._buckets.move_to_end(caller)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        bucket.left = min(float(self._burst), bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.left < 1.0:
            return (1.0 - bucket.left) / self._per_second
        bucket.left -= 1.0
        return 0.0

    def admit(self, caller: str) -> None:
        """Gives a caller a full bucket of their own, unless they have one."""
        self._buckets.setdefault(caller, _Bucket(float(self._burst), self._seconds()))
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)

    def knows(self, caller: str) -> bool:
        """Says whether a caller has a bucket."""
        return caller in self._buckets


class RateLimit:
    """Wraps an application. Probes of health are not limited."""

    def __init__(self, app: ASGIApp, *, buckets: TokenBuckets, free: frozenset[str]) -> None:
        self._app = app
        self._buckets = buckets
        self._free = free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http" or scope["path"] in self._free:
            await self._app(scope, receive, send)
            return
        token = _token(scope)
        wait = self._buckets.take(token if self._buckets.knows(token) else _address(scope))
        if wait > 0:
            refused = problem.response(_too_often(wait), request_id=scope["state"]["request_id"])
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)
        if scope["state"].get(TAKEN):
            self._buckets.admit(token)


def buckets(*, per_second: float, burst: int) -> TokenBuckets:
    """Returns buckets by the clock of this machine."""
    return TokenBuckets(per_second=per_second, burst=burst, seconds=time.monotonic)


def _address(scope: Scope) -> str:
    return f"address {(scope.get('client') or ('',))[0]}"


def _token(scope: Scope) -> str:
    given = Headers(scope=scope).get("authorization", "")
    return hashlib.sha256(given.encode("utf-8", "surrogateescape")).hexdigest()


def _too_often(wait: float) -> errors.ResourceExhausted:
    return errors.ResourceExhausted(
        errors.Reason.LIMIT_EXCEEDED,
        "this caller asks too often; try again later",
        metadata={"limit": "rate"},
        retry_after_seconds=wait,
    )
