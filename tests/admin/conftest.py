"""Directories for stacks, processes to watch, and the command as a process of its own."""

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from shared.ids import new_id

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
