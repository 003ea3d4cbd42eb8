"""A pseudo-terminal that runs a program, types at it and reads what it shows."""

import errno
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

TIMEOUT_SECONDS: Final = 120.0
ROOT: Final = Path(__file__).resolve().parents[2]

_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
# What the shell would do: makes the terminal that of the program, so that it can ask unseen and be interrupted.
_LEADER: Final = (
    "import fcntl,os,sys,termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """Runs one program; used in a `with` statement it is gone afterwards."""

    def __init__(
        self, arguments: Sequence[object], *, columns: int, rows: int = 50, environment: Mapping[str, str] | None = None
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        unwanted = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PAGER", "LESS"}
        inherited = {name: text for name, text in os.environ.items() if name not in unwanted}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LEADER, sys.executable, *map(str, arguments)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            cwd=ROOT,
            env={**inherited, "TERM": "xterm-256color", "EXPCTL_PAGER": "", **(environment or {})},
        )
        os.close(slave)
        self.raw = ""
        self._pending = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    @property
    def text(self) -> str:
        """What it has shown, without colours."""
        return _CONTROL.sub("", self.raw).replace("\r\n", "\n")

    @property
    def words(self) -> str:
        """What it has shown, its lines joined."""
        return " ".join(self.text.split())

    @property
    def lines(self) -> list[str]:
        """The lines that it has shown."""
        return self.text.split("\n")

    def type(self, text: str) -> None:
        """Types at it."""
        os.write(self._master, text.encode())

    def expect(self, text: str) -> None:
        """Returns once it has shown the text."""
        while text not in self.text:
            assert self._read(), f"it ended without {text!r}: {self.text}"

    def end(self) -> int:
        """Returns its exit code once it has ended."""
        while self._read():
            pass
        return self._process.wait(TIMEOUT_SECONDS)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], TIMEOUT_SECONDS)
        assert ready, f"it shows nothing more: {self.text}"
        try:
            self._pending += os.read(self._master, 65536)
        except OSError as error:
            # Linux says so when the last program has closed it.
            if error.errno != errno.EIO:
                raise
            return False
        whole = self._pending.decode(errors="ignore")
        self._pending = self._pending[len(whole.encode()) :]
        self.raw += whole
        return True
