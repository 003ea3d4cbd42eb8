"""Directories for stacks, processes to watch, the command as a process of its own, and against a real review server."""

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy import Engine

from services.admin.run import run
from services.review import main
from services.review.config import Config
from shared.config import Secret
from shared.ids import new_id
from tests.fakes import identity

TIMEOUT_SECONDS = 60.0

AwaitEnd: TypeAlias = Callable[[int], None]
Command: TypeAlias = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def stack_directory(open_directory: Path) -> Path:
    """A directory where a stack finds nothing, with a short path."""
    return open_directory / new_id("s")[:10]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keeps the command from the profiles and settings of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in [name for name in os.environ if name.startswith("EXPCTL_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def await_end() -> AwaitEnd:
    """Waits until a process has ended."""

    def wait(pid: int) -> None:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            assert select.select([descriptor], [], [], TIMEOUT_SECONDS)[0], f"process {pid} goes on"
        finally:
            os.close(descriptor)

    return wait


@pytest.fixture
def command() -> Iterator[Command]:
    """Starts the command with its arguments; what still runs at the end is told to stop."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        line = [sys.executable, "-m", "services.admin", *map(str, arguments)]
        environment = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=TIMEOUT_SECONDS)


@dataclass(frozen=True)
class Ended:
    """Is how a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Expctl:
    """Runs commands in this process, without a terminal, as principals of a stack."""

    directory: Path
    address: str
    capsys: pytest.CaptureFixture[str]
    ai_address: str = ""

    def __call__(self, *arguments: object, who: str = "ann") -> Ended:
        self.capsys.readouterr()
        given = ["--directory", self.directory, "--review-address", self.address, "--as", who]
        given += ["--ai-address", self.ai_address] if self.ai_address else []
        code = run([str(each) for each in [*given, *arguments]])
        output = self.capsys.readouterr()
        return Ended(code, output.out, output.err)


@pytest.fixture
def review_address(engine: Engine, database_url: str) -> Iterator[str]:
    """Where a whole review process answers, in this one, with the policy that ships and a store of its own."""
    others = frozenset(threading.enumerate())
    identity.install(engine)
    review = main.Review(Config(address="127.0.0.1:0", database_url=Secret(database_url)))
    yield review.start()["grpc"]
    review.stop()
    # Streams whose caller has left may look into the store once more.
    for thread in {thread for thread in threading.enumerate() if thread.name.startswith("rpc-")} - others:
        thread.join(TIMEOUT_SECONDS)


@pytest.fixture
def identities(tmp_path: Path) -> Path:
    """A directory with the tokens of everybody in `tests.fakes.identity`, as a local stack has them."""
    tokens = tmp_path / "stack" / "secrets" / "tokens"
    tokens.mkdir(parents=True)
    for principal in identity.PRINCIPALS:
        (tokens / principal.principal_id).write_text(identity.secret(principal.principal_id).value)
    return tmp_path / "stack"


@pytest.fixture
def expctl(review_address: str, identities: Path, capsys: pytest.CaptureFixture[str]) -> Expctl:
    """The command against a review server."""
    return Expctl(identities, review_address, capsys)
