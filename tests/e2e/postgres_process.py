"""A Postgres with a process of its own as parent: forking it beside running gRPC threads is not safe.

Usage: python -m tests.e2e.postgres_process DIRECTORY; ends when its standard input does.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from shared.store.embedded import EmbeddedPostgres


class PostgresProcess:
    """Is the Postgres of a directory. For one thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._parent: subprocess.Popen[str] | None = None
        self._pid = 0
        self.url = ""

    def start(self) -> None:
        """Starts it; returns when it answers."""
        self._end_parent()
        command = [sys.executable, "-m", "tests.e2e.postgres_process", str(self._directory)]
        self._parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._parent.stdout is not None
        ready = json.loads(self._parent.stdout.readline())
        self._pid, self.url = ready["pid"], ready["url"]

    def kill(self) -> None:
        """Kills it with SIGKILL, and its children, which would work on until they notice."""
        children = _children_of(self._pid)
        for pid in (self._pid, *children):
            # Some may have ended meanwhile.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """Stops it cleanly."""
        self._end_parent()

    def _end_parent(self) -> None:
        if self._parent is not None:
            self._parent.communicate()
            self._parent = None


def _children_of(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        # The process's name, in brackets, may hold spaces.
        with contextlib.suppress(OSError):
            if int(status.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(status.parent.name))
    return found


def main() -> None:
    """Runs the server until standard input ends."""
    with EmbeddedPostgres(Path(sys.argv[1])) as server:
        sys.stdout.write(json.dumps({"pid": server.pid, "url": server.url}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
