"""The local stack with real processes; the tests share one, which survives each of them."""

import json
import os
import queue
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from experimentation.v1 import bandit_service_pb2, experiment_service_pb2
from services.admin import claim
from services.admin.access import Server, address_of
from services.admin.clients import bandit_at, experiments_at
from services.admin.exit_codes import ExitCode
from services.admin.run import run
from services.admin.stack import LocalStack
from services.admin.stack_defaults import Ports
from services.admin.supervisor import Event, Notice
from shared import errors
from shared.rpc import client
from tests.admin.commands.experiment_files import written

TIMEOUT_SECONDS = 60.0
WATCHED = bandit_service_pb2.WatchPoliciesRequest(experiment_ids=["checkout"])


class Watched(NamedTuple):
    stack: LocalStack
    directory: Path
    notices: "queue.Queue[Notice]"

    def kill(self, part: str) -> None:
        """Kills the process of a part; returns when it is ready again."""
        with self.notices.mutex:
            self.notices.queue.clear()
        os.kill(self.stack.pids[part], signal.SIGKILL)
        while (notice := self.notices.get(timeout=TIMEOUT_SECONDS)).part != part or notice.event is not Event.READY:
            pass


@pytest.fixture(scope="module")
def watched(stack_directory: Path, await_end: Callable[[int], None]) -> Iterator[Watched]:
    notices: queue.Queue[Notice] = queue.Queue()
    with LocalStack(stack_directory, ports=Ports.free(), report=notices.put) as stack:
        yield Watched(stack, stack_directory, notices)
        pids = stack.pids
    assert len(pids) == 6
    for pid in pids.values():
        await_end(pid)
    assert claim.running(stack_directory) is None


def experiments_answer(stack: LocalStack) -> bool:
    with experiments_at(Server(stack.addresses["review"], stack.token("ann"))) as stub:
        request = experiment_service_pb2.ListExperimentsRequest()
        client.call(stub.ListExperiments, request, timeout_seconds=TIMEOUT_SECONDS)
    return True


def test_stack_when_ready_then_its_services_answer(watched: Watched) -> None:
    assert experiments_answer(watched.stack)
    request = bandit_service_pb2.AllocateRequest(experiment_id="none", unit_id="u")
    server = Server(watched.stack.addresses["bandit"], watched.stack.token("service"))
    with bandit_at(server) as stub, pytest.raises(errors.NotFound) as caught:
        client.call(stub.Allocate, request, timeout_seconds=TIMEOUT_SECONDS)
    assert caught.value.reason is errors.Reason.EXPERIMENT_NOT_FOUND


def test_stack_when_ready_then_each_process_has_a_session_of_its_own(watched: Watched) -> None:
    pids = watched.stack.pids

    assert pids.keys() == {"database", "review", "learner", "bandit", "ai", "gateway"}
    assert {name: os.getsid(pid) for name, pid in pids.items()} == dict(pids)


def test_stack_when_ready_then_others_find_its_addresses(watched: Watched) -> None:
    assert address_of("bandit", watched.directory, given="") == watched.stack.addresses["bandit"]
    assert address_of("bandit", watched.directory, given="other:1") == "other:1"


def test_command_when_another_service_has_the_address_then_says_which_is_needed(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    addresses = watched.stack.addresses

    for other, service, command in (
        ("review", "bandit", ("bandit", "status", "checkout")),
        ("bandit", "review", ("experiment", "list")),
    ):
        ended = run([*command, "--address", addresses[other], "--directory", str(watched.directory)])

        assert ended == ExitCode.ERROR
        complaint = capsys.readouterr().err
        assert f"the server at {addresses[other]} " in complaint
        assert f"it is not the {service} service" in complaint


def test_command_when_the_stack_runs_then_ann_proposes_rob_approves_and_the_bandit_serves(
    watched: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def expctl(*arguments: object, who: str = "ann") -> str:
        capsys.readouterr()
        given = ("--directory", watched.directory, "--as", who, "-o", "json", *arguments)
        assert run([str(each) for each in given]) in {ExitCode.OK, ExitCode.APPROVAL_REQUIRED}
        return capsys.readouterr().out

    expctl("experiment", "create", "-f", written(tmp_path))
    request = json.loads(expctl("experiment", "start", "checkout", "-m", "Ready"))["change_request_id"]
    expctl("review", "approve", request, "--apply", "--yes", who="rob")

    server = Server(watched.stack.addresses["bandit"], watched.stack.token("service"))
    with bandit_at(server) as stub:
        for message in client.stream(stub.WatchPolicies, WATCHED, timeout_seconds=TIMEOUT_SECONDS):
            if message.snapshots:
                break
    assert json.loads(expctl("bandit", "status", "checkout"))["snapshot"]["state"] == "EXPERIMENT_STATE_RUNNING"
    assert json.loads(expctl("whoami", who="ada"))["principal"]["roles"] == ["admin"]
    checks = json.loads(expctl("doctor"))["checks"]
    assert {check["health"] for check in checks} == {"good"}
    assert json.loads(expctl("db", "status"))["current"] is True
    assert json.loads(expctl("audit", "verify", who="ada"))["intact"] is True
    expctl("experiment", "pause", "checkout", "-m", "Done")


@pytest.mark.parametrize("name", ["review", "learner", "bandit", "ai", "gateway", "database"])
def test_stack_when_a_process_is_killed_then_it_starts_again_at_its_address(watched: Watched, name: str) -> None:
    before, addresses = watched.stack.pids[name], dict(watched.stack.addresses)

    watched.kill(name)

    assert watched.stack.pids[name] != before
    assert watched.stack.addresses == addresses
    assert experiments_answer(watched.stack)


def test_stack_when_one_runs_in_the_directory_then_refuses(watched: Watched) -> None:
    with (
        pytest.raises(errors.FailedPrecondition, match="runs in") as caught,
        LocalStack(watched.directory, ports=Ports.free()),
    ):
        pass

    assert caught.value.reason is errors.Reason.INVALID_STATE


def test_stack_when_a_port_is_taken_then_says_which_and_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with (
            pytest.raises(errors.FailedPrecondition, match=f"port {port} is taken.*--bandit-port") as caught,
            LocalStack(tmp_path, ports=Ports(port, 0, 0, 0)),
        ):
            pass

    assert caught.value.reason is errors.Reason.INVALID_STATE


def test_stack_when_a_process_cannot_start_then_says_why_and_leaves_nothing(tmp_path: Path, database_url: str) -> None:
    notices: queue.Queue[Notice] = queue.Queue()
    stack = LocalStack(
        tmp_path,
        database_url=database_url,
        ports=Ports.free(),
        settings={"REVIEW_NONSENSE": "1"},
        report=notices.put,
    )

    with pytest.raises(errors.Internal, match="REVIEW_NONSENSE") as caught, stack:
        pass

    assert caught.value.reason is errors.Reason.INTERNAL
    assert stack.pids == {}
    assert claim.running(tmp_path) is None
