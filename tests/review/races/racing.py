"""Calls that start at the same moment, and what must be true of the audit log whatever came first."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeAlias

import grpc
import pytest

from experimentation.v1 import experiment_service_pb2 as pb
from services.review.domain import audit
from services.review.domain.model import AuditFilter
from shared.errors import Reason
from shared.rpc import status
from tests.review.desk import Desk

WAIT_SECONDS: Final = 60
NORMAL: Final = 8
Note: TypeAlias = Callable[[str, object], None]
"""Notes in the report of the run what came of it, which no test asserts."""

many_rounds = pytest.mark.parametrize(
    "round_count", [NORMAL, pytest.param(1000, marks=pytest.mark.slow)], ids=lambda count: f"{count} rounds"
)


def race(*calls: Callable[[], Any]) -> list[Any]:
    """Returns what the calls, all started at the same moment, answered: a response, or the reason of an error."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(WAIT_SECONDS)
        try:
            return call()
        except grpc.RpcError as error:
            return status.from_rpc_error(error).reason

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(WAIT_SECONDS) for future in [pool.submit(run, call) for call in calls]]


def states(answers: list[Any]) -> list[str]:
    """Returns the states of the requests that were answered, and the reasons of the refusals, sorted."""
    return sorted(
        answer.value
        if isinstance(answer, Reason)
        else pb.ChangeRequestState.Name(answer.change_request.state).removeprefix("CHANGE_REQUEST_STATE_")
        for answer in answers
    )


def read_log(desk: Desk) -> list[audit.Event]:
    """Returns the whole audit log."""
    with desk.store.transaction() as transaction:
        return transaction.audit.list_events(AuditFilter(), before=None, limit=1_000_000)


def assert_nobody_applied_what_nobody_approved(desk: Desk, *, needed: int, applied_count: int) -> None:
    """Asserts that each request on the log was applied once at most, and after enough approvals of its very digest.

    Args:
        desk: Has the log.
        needed: How many must have approved what was applied without an emergency.
        applied_count: How many requests are on the log as applied.
    """
    log = read_log(desk)
    assert audit.is_intact(log)
    approvers: dict[tuple[str, str, str], set[str]] = {}
    applied: list[str] = []
    for event in log:
        said = event.entry.details
        if event.entry.action == "change_request.approve":
            key = (said["change_request_id"], said["request_revision"], said["digest"])
            approvers.setdefault(key, set()).add(event.entry.actor)
        if event.entry.action in {"change_request.apply", "change_request.emergency_apply"} and "revision" in said:
            key = (said["change_request_id"], said["request_revision"], said["digest"])
            assert "justification" in said or len(approvers.get(key, ())) >= needed
            applied.append(said["change_request_id"])
    assert len(applied) == len(set(applied)) == applied_count
