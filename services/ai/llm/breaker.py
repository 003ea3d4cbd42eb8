"""Stops asking a provider that keeps failing, and tries again after a while with one question, each time later."""

import threading
from collections.abc import Callable
from typing import Final

from services.ai.domain.asking import CallStatus, FallbackReason, ProviderFailure

COUNTED: Final = frozenset(
    {
        CallStatus.UNREACHABLE,
        CallStatus.TIMED_OUT,
        CallStatus.DISCONNECTED,
        CallStatus.OVERLOADED,
        CallStatus.SERVER_ERROR,
        CallStatus.RATE_LIMITED,
        CallStatus.MALFORMED,
        CallStatus.REDIRECTED,
    }
)
"""What is the provider's fault, and may be over with the next question."""
CERTAIN: Final = frozenset(
    {
        CallStatus.SPEND_LIMITED,
        CallStatus.NOT_PAID,
        CallStatus.NOT_AUTHENTICATED,
        CallStatus.NOT_PERMITTED,
        CallStatus.NOT_FOUND,
    }
)
"""What every other question would meet too: one of them is enough."""
_MOST_DOUBLINGS: Final = 4
"""Of the rest, one for each try that failed: in a long outage, tries that may be charged are rare."""


class Breaker:
    """Is closed (everybody may ask), open (nobody may), or half-open (one may); safe for use by many threads.

    Args:
        failure_count: After how many failures in a row it opens.
        open_seconds: For how long, at first.
        monotonic: Returns seconds from some instant on, which never go back.
    """

    def __init__(self, *, failure_count: int, open_seconds: float, monotonic: Callable[[], float]) -> None:
        self._failure_count = failure_count
        self._open_seconds = open_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until: float | None = None
        self._trying = False
        self._failed_tries = 0

    @property
    def is_open(self) -> bool:
        """Whether it is not closed."""
        with self._lock:
            return self._open_until is not None

    def enter(self) -> bool:
        """Lets a question through, which `report` has to follow, and returns whether it is the one that tries again.

        Raises:
            ProviderFailure: CIRCUIT_OPEN.
        """
        with self._lock:
            if self._open_until is None:
                return False
            left = self._open_until - self._monotonic()
            if left > 0 or self._trying:
                raise _refusal(max(left, 0.0))
            self._trying = True
            return True

    def report(self, status: CallStatus, *, trial: bool) -> None:
        """Takes note of what came of a question that was let through; `trial` is what `enter` returned.

        What says nothing of the provider leaves things as they are: a question that was never sent.
        """
        with self._lock:
            self._trying = self._trying and not trial
            if status is CallStatus.NOT_SENT:
                return
            if status not in COUNTED | CERTAIN:
                self._failures, self._failed_tries, self._open_until = 0, 0, None
                return
            self._failures += 1
            self._failed_tries = min(self._failed_tries + trial, _MOST_DOUBLINGS)
            if status in CERTAIN or self._failures >= self._failure_count:
                self._open_until = self._monotonic() + self._open_seconds * 2**self._failed_tries


def _refusal(left_seconds: float) -> ProviderFailure:
    return ProviderFailure(
        FallbackReason.CIRCUIT_OPEN,
        "the provider failed several times, and is not asked for a while",
        retry_after_seconds=left_seconds,
    )
