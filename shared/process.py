"""Runs a server process: start, say that it is ready, wait for a signal, stop."""

import json
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_until_signalled(service: str, start: Callable[[], Mapping[str, str]], stop: Callable[[], None]) -> None:
    """Starts, writes one ready line to standard output, and stops at the first SIGTERM or SIGINT.

    The line is `{"event": "ready", "service": ..., "addresses": {...}}`, for a supervisor to wait for. A signal during
    the start stops right after it. A second signal acts as if nobody handled it: it ends the process where it stands.
    Call it on the main thread.

    Args:
        service: The name of the service, such as `bandit`.
        start: Starts everything and returns the bound addresses by name. It cleans up after itself when it raises.
        stop: Stops everything; returns when that is done.
    """
    signalled = threading.Event()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def take(_number: int, _frame: FrameType | None) -> None:
        signalled.set()
        _restore(before)

    for number in SIGNALS:
        signal.signal(number, take)
    try:
        addresses = start()
        try:
            _announce(service, addresses)
            signalled.wait()
        finally:
            stop()
    finally:
        _restore(before)


def _announce(service: str, addresses: Mapping[str, str]) -> None:
    line = json.dumps({"event": "ready", "service": service, "addresses": dict(addresses)})
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _restore(handlers: Mapping[signal.Signals, object]) -> None:
    for number, handler in handlers.items():
        # What getsignal returned, setting takes back.
        signal.signal(number, handler)  # type: ignore[arg-type]
