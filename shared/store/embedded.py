"""A Postgres of our own, for those who have none: started from the programs of a wheel, reached by a unix socket.

Below its directory:
    postgres/        everything of the server, for its account alone; a link where that account may not enter here
      cluster/       the data
      run/           the socket; a link where its path would be too long for one
    server.log       what the server says
    lock             held while somebody starts it

Linux and macOS. Only the account of the server gets past the mode of `postgres/`, so the socket asks for no password.
"""

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self

import sqlalchemy
from psycopg import conninfo, pq

from shared import errors
from shared.store import binaries, places
from shared.store.account import Account, account_for

SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": "128MB",
        # No standby reads along.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "512MB",
        "fsync": "on",
        "synchronous_commit": "on",
        "log_checkpoints": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
)
_REFUGE: Final = Path("/var/lib")
_PORT: Final = 5432  # A part of the socket's name, said everywhere so that a PGPORT around us does not count.
_RECOVERY_SECONDS: Final = 300.0
_LOG_TAIL_CHARACTERS: Final = 800
_STOP_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.02
_PR_SET_PDEATHSIG: Final = 1


class EmbeddedPostgres:
    """Is the server of a directory. Whoever starts it first owns it, and ends it; others on the same directory use it.

    On Linux the server ends cleanly with the thread that started it, even if that is killed. One thread at a time.
    """

    def __init__(
        self,
        directory: Path,
        *,
        settings: Mapping[str, str] = MappingProxyType({}),
        refuge: Path = _REFUGE,
        start_timeout_seconds: float = 10.0,
    ) -> None:
        """Describes a server; `start` makes what is missing.

        Args:
            directory: Where everything is kept, log and data.
            settings: Settings of Postgres that win over `SETTINGS`, such as `{"fsync": "off"}`.
            refuge: Where the data go if we are root and the server's account can't reach the directory.
            start_timeout_seconds: How long to go on trying while no server stays up.
        """
        self._directory = directory.absolute()
        self._settings = dict(SETTINGS) | dict(settings)
        self._refuge = refuge
        self._start_timeout_seconds = start_timeout_seconds
        self._run = self._directory
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of its database `postgres`, for its superuser; known once it was started."""
        where = {"host": str(self._run), "port": str(_PORT)}
        url = sqlalchemy.URL.create("postgresql+psycopg", username="postgres", database="postgres", query=where)
        return url.render_as_string(hide_password=False)

    @property
    def pid(self) -> int | None:
        """The number of the server's process; None if it is not ours, or has ended."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Starts the server or adopts the one that runs; returns when it answers. Making the data takes a second.

        Raises:
            Unavailable: STORE_UNAVAILABLE, it did not start in time, or recover in 5 min; the message ends as its log.
            OSError: A directory can't be made, or there are no programs or no account for them.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        with _locked(self._directory / "lock"):
            account = account_for(self._directory / "postgres")
            home = places.home_of(self._directory, account, refuge=self._refuge)
            self._run = places.run_directory_of(home, account)
            if not self._answers():
                programs = binaries.programs_for(account, binaries.package_directory(), refuge=self._refuge)
                self._make_cluster(programs, home, account)
                self._launch_until_it_answers(programs, home, account)

    def stop(self) -> None:
        """Ends the server, cleanly, if it is ours: open transactions are rolled back, connections closed."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # What is committed is in the log already; the next start replays it.
            process.send_signal(signal.SIGQUIT)
            process.wait()

    def __enter__(self) -> Self:
        """Starts it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stops it."""
        self.stop()

    def _make_cluster(self, programs: Path, home: Path, account: Account) -> None:
        if (home / "cluster").exists():
            return
        draft = home / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        options = ["-D", str(draft), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions"]
        if self._settings["fsync"] == "off":
            options.append("--no-sync")
        if self._spawn([str(programs / "initdb"), *options], account).wait() != 0:
            raise self._failure()
        draft.rename(home / "cluster")
        _make_durable(home)

    def _launch_until_it_answers(self, programs: Path, home: Path, account: Account) -> None:
        settings = self._settings | {"port": str(_PORT), "unix_socket_directories": str(self._run)}
        command = [str(programs / "postgres"), "-D", str(home / "cluster")]
        command += [f"--{name}={value}" for name, value in settings.items()]
        began_at = time.monotonic()
        while not self._answers():
            # One that was killed leaves processes behind for a moment, and they keep the next one from starting.
            limit_seconds = self._start_timeout_seconds if self.pid is None else _RECOVERY_SECONDS
            if time.monotonic() - began_at > limit_seconds:
                self.stop()
                raise self._failure()
            if self.pid is None:
                self._process = self._spawn(command, account)
            time.sleep(_PAUSE_SECONDS)

    def _answers(self) -> bool:
        where = conninfo.make_conninfo(host=str(self._run), port=_PORT, connect_timeout=2)
        return pq.PGconn.ping(where.encode()) == pq.Ping.OK

    def _spawn(self, command: Sequence[str], account: Account) -> subprocess.Popen[bytes]:
        with (self._directory / "server.log").open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - programs of the wheel, settings of the caller
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env={"LC_ALL": "C", "PATH": os.defpath},
                start_new_session=True,
                preexec_fn=_end_with_parent(),  # noqa: PLW1509 - one system call, looked up before the fork
                **account.options(),
            )

    def _failure(self) -> errors.Unavailable:
        path = self._directory / "server.log"
        tail = path.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:]
        return errors.Unavailable(errors.Reason.STORE_UNAVAILABLE, f"Postgres did not start, {path} ends with: {tail}")


def _make_durable(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _end_with_parent() -> Callable[[], object] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
