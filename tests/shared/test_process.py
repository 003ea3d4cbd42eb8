"""A server process: ready line, signal, drain, exit code."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

SERVER = """
import sys, threading
from shared import process
def stop():
    sys.stderr.write("stopped")
    {stop}
process.run_until_signalled("bandit", lambda: {{"grpc": "127.0.0.1:1"}}, stop)
"""


Spawn = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    started: list[subprocess.Popen[str]] = []

    def start(stop: str = "pass") -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", SERVER.format(stop=stop)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={"PYTHONPATH": ":".join(sys.path)},
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=10)


def ready_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_process_when_started_then_writes_a_line_that_a_supervisor_can_read(spawn: Spawn) -> None:
    assert json.loads(ready_line(spawn())) == {
        "event": "ready",
        "service": "bandit",
        "addresses": {"grpc": "127.0.0.1:1"},
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_when_signalled_then_stops_and_exits_well(spawn: Spawn, number: int) -> None:
    process = spawn()
    ready_line(process)

    process.send_signal(number)

    assert process.communicate(timeout=10)[1] == "stopped"
    assert process.returncode == 0


def test_process_when_signalled_twice_then_does_not_wait_for_the_drain(spawn: Spawn) -> None:
    process = spawn(stop="sys.stderr.flush(); threading.Event().wait()")
    ready_line(process)
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    assert process.stderr.read(7) == "stopped"

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=10) == -signal.SIGTERM
