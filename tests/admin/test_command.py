"""The command as people run it: a process with arguments, output and an exit code."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from services.admin import claim
from tests.admin.conftest import Command

TIMEOUT_SECONDS = 300.0
PARTS = ("database", "review", "learner", "bandit", "ai", "gateway")
FREE_PORTS = ("--bandit-port", 0, "--review-port", 0, "--ai-port", 0, "--gateway-port", 0)


def read_until_ready(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    late = threading.Timer(TIMEOUT_SECONDS, process.kill)
    late.start()
    try:
        assert any(line.startswith("Ctrl-C stops it") for line in process.stdout), "it never became ready"
    finally:
        late.cancel()


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the leash")
def test_up_when_killed_then_leaves_no_process(
    command: Command, stack_directory: Path, await_end: Callable[[int], None]
) -> None:
    process = command("up", "--directory", stack_directory, *FREE_PORTS)
    read_until_ready(process)
    children = children_of(process.pid)
    assert len(children) == len(PARTS)

    process.kill()

    for pid in children:
        await_end(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_up_when_signalled_then_stops_well(
    command: Command, stack_directory: Path, await_end: Callable[[int], None], number: signal.Signals
) -> None:
    process = command("up", "--directory", stack_directory, *FREE_PORTS)
    read_until_ready(process)
    children = children_of(process.pid)

    os.kill(process.pid, number)

    assert process.wait(TIMEOUT_SECONDS) == 0
    for pid in children:
        await_end(pid)


def test_demo_when_run_then_reports_plain_text_and_leaves_no_stack(command: Command, stack_directory: Path) -> None:
    process = command("demo", "--runs", 2, "--units", 150, "--directory", stack_directory)

    output, complaints = process.communicate(timeout=TIMEOUT_SECONDS)

    assert (process.returncode, complaints) == (0, "")
    assert "\x1b" not in output
    assert re.search(r"Conversions gained over an equal split: [+-]\d+\.\d%, 95 % interval .* over 2 runs", output)
    assert re.search(r"thornton-\d{8}-\d{6}-2 +150 +\d+ +99\.1 +[+-]\d+\.\d%", output)
    assert re.search(r"expctl bandit status thornton-\d{8}-\d{6}-2 --directory ", output)
    assert "-m services.admin" not in output
    assert claim.running(stack_directory) is None


def test_experiment_list_when_no_stack_runs_then_says_what_to_do(command: Command, tmp_path: Path) -> None:
    process = command("experiment", "list", "--directory", tmp_path)

    output, complaints = process.communicate(timeout=TIMEOUT_SECONDS)

    assert (process.returncode, output) == (1, "")
    assert complaints.startswith(f"expctl: no stack is ready in {tmp_path}; start one with `")
    assert f"expctl up --directory {tmp_path}`, or give --address" in complaints
