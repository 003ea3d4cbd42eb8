"""The store is lost in the middle of a verb, which holds its lock: nothing is half done, and a retry does it once."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any, Final, NamedTuple

import grpc
import pytest
import sqlalchemy
from google.protobuf.message import Message

from experimentation.v1 import experiment_service_pb2 as pb
from services.review.service.sweeping import Sweeper
from shared import clock, errors
from shared.errors import Reason
from shared.rpc import status
from tests.review import verbs
from tests.review.desk import Desk
from tests.review.races.racing import WAIT_SECONDS, read_log
from tests.review.requests import propose

# What the audit log's writers wait for; a verb that waits there has done all else.
AUDIT_LOCK: Final = 0x6175646974
WAITING: Final = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
TABLES: Final = (
    "experiments",
    "experiment_revisions",
    "change_requests",
    "verdicts",
    "comments",
    "verb_calls",
    "policy_rules",
    "notices",
    "audit_events",
)


class Verb(NamedTuple):
    """Is one verb: who calls which method with what, after what."""

    method: str
    who: str
    ask: Callable[..., Message]
    before: Callable[[Desk, pb.ChangeRequest], object] = lambda _desk, _request: None
    auto_apply: bool = False


def _approved(desk: Desk, request: pb.ChangeRequest) -> object:
    return verbs.approved(desk, request)


def _in_emergency(desk: Desk, request: pb.ChangeRequest) -> object:
    return desk["rob"].reviews.EmergencyApply(verbs.emergency_apply(request))


VERBS: Final = (
    Verb("EditChangeRequest", "ann", partial(verbs.edit, reason="else")),
    Verb("ApproveChangeRequest", "rob", verbs.approve),
    Verb("ApproveChangeRequest", "rob", verbs.approve, auto_apply=True),
    Verb("RejectChangeRequest", "rob", verbs.reject),
    Verb("RequestChanges", "rob", verbs.request_changes),
    Verb("AddComment", "ann", verbs.comment),
    Verb("CancelChangeRequest", "ann", verbs.cancel),
    Verb("ApplyChangeRequest", "ann", verbs.apply, _approved),
    Verb("EmergencyApply", "rob", verbs.emergency_apply),
    Verb("SignEmergency", "rae", verbs.sign, _in_emergency),
)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


def content(engine: sqlalchemy.Engine) -> dict[str, str]:
    """Returns all that review keeps, by table."""
    with engine.begin() as connection:
        return {
            table: str(
                connection.exec_driver_sql(f"SELECT array_agg(t::text ORDER BY t::text) FROM {table} t").scalar()
            )
            for table in TABLES
        }


def lost_in_the_middle(engine: sqlalchemy.Engine, pool: ThreadPoolExecutor, call: Callable[[], Any]) -> BaseException:
    """Returns what the call fails with when its connection is killed once it has done all but its audit events."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({AUDIT_LOCK})")
        answer = pool.submit(call)
        pid = _waiting(connection)
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
        failure = answer.exception(WAIT_SECONDS)
    assert failure is not None
    return failure


def _waiting(connection: sqlalchemy.Connection) -> int:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        found = connection.exec_driver_sql(WAITING).scalar()
        if found is not None:
            return int(found)
    raise AssertionError("nobody waits for the audit log")


@pytest.mark.parametrize("verb", VERBS, ids=[f"{verb.method}{' that applies' * verb.auto_apply}" for verb in VERBS])
def test_verb_when_the_connection_is_lost_then_nothing_is_half_done_and_a_retry_does_it(
    desk: Desk, wide_engine: sqlalchemy.Engine, pool: ThreadPoolExecutor, verb: Verb
) -> None:
    verbs.drafted(desk)
    pending = verbs.proposed(desk, auto_apply=verb.auto_apply)
    verb.before(desk, pending)
    before, count = content(wide_engine), len(read_log(desk))
    request = verb.ask(pending, request_id="r1")
    method = getattr(desk.once(verb.who).reviews, verb.method)

    failure = lost_in_the_middle(wide_engine, pool, partial(method, request))

    assert isinstance(failure, grpc.RpcError)
    assert failure.code() is grpc.StatusCode.UNAVAILABLE
    assert status.from_rpc_error(failure).reason is Reason.STORE_UNAVAILABLE
    assert content(wide_engine) == before
    answer = getattr(desk[verb.who].reviews, verb.method)(request)
    assert verbs.current(desk, pending) == answer.change_request
    assert len(read_log(desk)) > count


def test_sweep_when_the_connection_is_lost_then_nothing_is_half_done_and_the_next_does_it(
    desk: Desk, wide_engine: sqlalchemy.Engine, pool: ThreadPoolExecutor
) -> None:
    verbs.drafted(desk)
    pending = verbs.proposed(desk)
    sweeper = Sweeper(desk.store, clock=lambda: clock.now() + timedelta(days=20))
    before = content(wide_engine)

    failure = lost_in_the_middle(wide_engine, pool, sweeper.sweep)

    assert isinstance(failure, errors.Unavailable)
    assert failure.reason is Reason.STORE_UNAVAILABLE
    assert content(wide_engine) == before
    assert sweeper.sweep() == 1
    assert verbs.current(desk, pending).state == pb.CHANGE_REQUEST_STATE_EXPIRED


def test_propose_when_the_connection_is_lost_then_there_is_no_request(
    desk: Desk, wide_engine: sqlalchemy.Engine, pool: ThreadPoolExecutor
) -> None:
    verbs.drafted(desk)
    before = content(wide_engine)
    method = desk.once("ann").experiments.ProposeChange

    failure = lost_in_the_middle(wide_engine, pool, partial(method, propose(verbs.renamed("New"))))

    assert isinstance(failure, grpc.RpcError)
    assert status.from_rpc_error(failure).reason is Reason.STORE_UNAVAILABLE
    assert content(wide_engine) == before
