"""Keeps the parts of a stack running: starts them in order, starts again what ends, stops all in reverse."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.admin.part import Part
from shared import errors

_PAUSE_SECONDS: Final = 0.1
_FIRST_DELAY_SECONDS: Final = 0.2
_LONGEST_DELAY_SECONDS: Final = 10.0
_STEADY_SECONDS: Final = 30.0


class Event(StrEnum):
    """Says what happened to a part."""

    STARTING = "STARTING"
    READY = "READY"
    ENDED = "ENDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Notice:
    """Tells what happened to a part; `message` is for people."""

    part: str
    event: Event
    message: str


Report = Callable[[Notice], None]


class Supervisor:
    """Runs parts in a thread of its own, which starts, watches and stops them all.

    While one part starts again the others are not watched. Part by part, the delay before the next start doubles from
    0.2 s to 10 s as long as it does not run for 30 s on end.
    """

    def __init__(self, parts: Sequence[Part], *, report: Report) -> None:
        """Describes what to run.

        Args:
            parts: In the order of starting.
            report: Is told what happens, on the supervisor's thread.
        """
        self._watched = [_Watched(part, report) for part in parts]
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="supervisor")

    @property
    def addresses(self) -> Mapping[str, Mapping[str, str]]:
        """The addresses of the parts, by part and name."""
        return {watched.part.name: watched.addresses for watched in self._watched}

    @property
    def pids(self) -> Mapping[str, int]:
        """The numbers of the processes that are there, by part."""
        found = {watched.part.name: watched.part.pid for watched in self._watched}
        return {name: pid for name, pid in found.items() if pid is not None}

    def start(self) -> None:
        """Starts all parts; returns when they are ready. When one fails, or on an interrupt, all are stopped first.

        Raises:
            PlatformError: A part did not become ready.
            OSError: A file or a program is out of reach.
        """
        self._thread.start()
        try:
            self._settled.wait()
        except BaseException:
            self.stop()
            raise
        if self._failure is not None:
            self.stop()
            raise self._failure

    def wait(self) -> None:
        """Returns when it has stopped; only an interrupt or a defect makes that happen before `stop`."""
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stops all parts, the last one first; returns when that is done. Safe to call again."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with ExitStack() as running:
                for watched in self._watched:
                    # Also where it fails: some parts have more than a process to put away.
                    running.callback(watched.part.stop)
                    watched.start(self._stopping)
                self._settled.set()
                while not self._stopping.wait(_PAUSE_SECONDS):
                    for watched in self._watched:
                        watched.look_after(self._stopping)
        except BaseException as error:
            # Raised again where somebody waits.
            self._failure = error
        finally:
            self._settled.set()


class _Watched:
    """Is a part under supervision: when it may start again, and what it said last."""

    def __init__(self, part: Part, report: Report) -> None:
        self.part = part
        self.addresses: Mapping[str, str] = {}
        self._report = report
        self._delay_seconds = 0.0
        self._ready_at = 0.0
        self._start_at: float | None = None

    def start(self, cancelled: threading.Event) -> None:
        self._tell(Event.STARTING, "starts")
        self.addresses = self.part.start(cancelled)
        self._ready_at, self._start_at = time.monotonic(), None
        self._tell(Event.READY, "is ready")

    def look_after(self, cancelled: threading.Event) -> None:
        if self.part.alive or cancelled.is_set():
            return
        if self._start_at is None:
            self._put_off(Event.ENDED, "ended")
        elif time.monotonic() >= self._start_at:
            try:
                self.start(cancelled)
            except (errors.PlatformError, OSError) as error:
                if not cancelled.is_set():
                    self._put_off(Event.FAILED, str(error))

    def _put_off(self, event: Event, problem: str) -> None:
        now = time.monotonic()
        steady = event is Event.ENDED and now - self._ready_at >= _STEADY_SECONDS
        longer = max(_FIRST_DELAY_SECONDS, min(2 * self._delay_seconds, _LONGEST_DELAY_SECONDS))
        self._delay_seconds = _FIRST_DELAY_SECONDS if steady else longer
        self._start_at = now + self._delay_seconds
        self._tell(event, f"{problem}; it starts again in {self._delay_seconds:g} s")

    def _tell(self, event: Event, words: str) -> None:
        self._report(Notice(self.part.name, event, f"{self.part.name} {words}"))
