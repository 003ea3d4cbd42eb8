"""One child process: started, waited for by its ready line, and stopped; its output goes to a log file."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Final, cast

from services.admin.leash import leashed
from shared import errors

# The first start on a machine compiles kernels.
READY_SECONDS: Final = 180.0
STOP_SECONDS: Final = 15.0
_PAUSE_SECONDS: Final = 0.1
_TAIL_LINES: Final = 12
_LONGEST_LOG_BYTES: Final = 16 << 20

Environment = Callable[[Mapping[str, str]], Mapping[str, str]]


class Child:
    """Is a process of our own services, one after the other. On Linux it ends with the thread that started it.

    It has a session of its own, so that Ctrl-C on a terminal reaches the starter alone.
    """

    def __init__(
        self,
        name: str,
        module: str,
        *,
        environment: Environment,
        log_file: Path,
        ready_seconds: float = READY_SECONDS,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        """Describes a process.

        Args:
            name: What people call it.
            module: What `python -m` runs; it speaks as `shared.process` does.
            environment: Returns the variables to set beside our own, given the addresses that it had before (none at
                first), so that it can have them again.
            log_file: Where its output goes, except for the ready line; its directory exists.
            ready_seconds: How long it may take to become ready.
            stop_seconds: How long it may take to stop before it is killed.
        """
        self.name = name
        self._module = module
        self._environment = environment
        self._log_file = log_file
        self._ready_seconds = ready_seconds
        self._stop_seconds = stop_seconds
        self._addresses: Mapping[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The number of the process; None if there is none."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self.pid is not None

    def start(self, cancelled: threading.Event) -> Mapping[str, str]:
        """Starts the process and returns its addresses once it is ready.

        Raises:
            Internal: It ended instead; the message holds the end of its log.
            DeadlineExceeded: It did not become ready in time; the message holds the end of its log.
            Aborted: INVALID_STATE, it was cancelled.
        """
        said: queue.SimpleQueue[Mapping[str, str] | None] = queue.SimpleQueue()
        _rotate(self._log_file)
        with self._log_file.open("ab") as log:
            began_at = log.tell()
            self._process = self._spawn(log.fileno(), leashed([sys.executable, "-m", self._module]))
        output = cast(BufferedReader, self._process.stdout)
        threading.Thread(target=_listen, args=(output, self._log_file, said), name=self.name, daemon=True).start()
        try:
            self._addresses = self._await(said, cancelled, began_at)
        except BaseException:
            self.stop()
            raise
        return self._addresses

    def stop(self) -> None:
        """Asks the process to stop, and kills it when it does not in time."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(self._stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _spawn(self, log: int, command: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own modules
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_over(os.environ, self._environment(self._addresses)),
            start_new_session=True,
        )

    def _await(
        self, said: queue.SimpleQueue[Mapping[str, str] | None], cancelled: threading.Event, began_at: int
    ) -> Mapping[str, str]:
        deadline = time.monotonic() + self._ready_seconds
        while not cancelled.is_set():
            with contextlib.suppress(queue.Empty):
                addresses = said.get(timeout=_PAUSE_SECONDS)
                if addresses is None:
                    raise errors.Internal(errors.Reason.INTERNAL, self._explain("ended instead of starting", began_at))
                return addresses
            if time.monotonic() > deadline:
                reason = errors.Reason.DEADLINE_EXCEEDED
                problem = f"was not ready after {self._ready_seconds:g} s"
                raise errors.DeadlineExceeded(reason, self._explain(problem, began_at))
        raise errors.Aborted(errors.Reason.INVALID_STATE, f"{self.name} was stopped while it started")

    def _explain(self, problem: str, began_at: int) -> str:
        with self._log_file.open("rb") as log:
            log.seek(began_at)
            lines = log.read().decode(errors="replace").splitlines()
        tail = "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:]) or "  (nothing)"
        return f"{self.name} {problem}; the last lines of {self._log_file}:\n{tail}"


def _listen(output: BufferedReader, log_file: Path, said: queue.SimpleQueue[Mapping[str, str] | None]) -> None:
    """Takes the ready line, copies all others to the log, and tells when the output ends."""
    with output, log_file.open("ab") as log:
        for line in output:
            addresses = _addresses(line)
            if addresses is None:
                log.write(line)
                log.flush()
            else:
                said.put(addresses)
    said.put(None)


def _addresses(line: bytes) -> Mapping[str, str] | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said.get("addresses", {}) if isinstance(said, dict) and said.get("event") == "ready" else None


def _over(inherited: Mapping[str, str], given: Mapping[str, str]) -> Mapping[str, str]:
    """Returns both together; a secret that is given, or its file, takes the place of an inherited one."""
    names = {name.removesuffix("_FILE") for name in given}
    return {name: text for name, text in inherited.items() if name.removesuffix("_FILE") not in names} | dict(given)


def _rotate(log_file: Path) -> None:
    if log_file.exists() and log_file.stat().st_size > _LONGEST_LOG_BYTES:
        log_file.replace(log_file.with_suffix(".log.1"))
