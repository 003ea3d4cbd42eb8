"""Callers that come at the same moment, on a real server with a real store."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
import sqlalchemy

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from services.review.domain import audit
from services.review.domain.model import AuditFilter
from services.review.store.postgres import PostgresReviewStore
from shared import errors
from shared.rpc import status
from tests.review.requests import START, create, propose

WAIT_SECONDS = 10
ROUNDS = range(5)


def _race(*calls: Callable[[], Any]) -> list[Any]:
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


def _revision_count(stub: ExperimentServiceStub, experiment_id: str) -> int:
    return len(stub.ListRevisions(pb.ListRevisionsRequest(experiment_id=experiment_id)).revisions)


def _rename(name: str) -> pb.Change:
    return pb.Change(edit_details=pb.EditDetailsChange(display_name=name))


@pytest.fixture
def events(engine: sqlalchemy.Engine) -> Callable[[], list[audit.Event]]:
    def read() -> list[audit.Event]:
        with PostgresReviewStore(engine).transaction() as transaction:
            return transaction.audit.list_events(AuditFilter(), before=None, limit=1000)

    return read


def test_create_when_two_want_the_same_id_then_one_gets_it(stub: ExperimentServiceStub) -> None:
    for number in ROUNDS:
        answers = _race(*[lambda number=number: stub.CreateExperiment(create(f"e{number}"))] * 2)

        assert errors.Reason.EXPERIMENT_ALREADY_EXISTS in answers
        assert sum(isinstance(each, pb.CreateExperimentResponse) for each in answers) == 1


def test_create_when_one_request_comes_twice_then_both_get_the_same_answer(stub: ExperimentServiceStub) -> None:
    for number in ROUNDS:
        request = create(f"e{number}", request_id=f"r{number}")

        first, second = _race(*[lambda request=request: stub.CreateExperiment(request)] * 2)

        assert first == second
        assert first.experiment.experiment_id == f"e{number}"


def test_propose_when_one_request_comes_twice_then_it_takes_effect_once(
    stub: ExperimentServiceStub, events: Callable[[], list[audit.Event]]
) -> None:
    for number in ROUNDS:
        stub.CreateExperiment(create(f"e{number}"))
        request = propose(START, f"e{number}", request_id=f"r{number}")

        first, second = _race(*[lambda request=request: stub.ProposeChange(request)] * 2)

        assert first == second
        assert first.change_request.applied_revision == 2
        assert _revision_count(stub, f"e{number}") == 2
    assert len(events()) == 3 * len(ROUNDS)
    assert audit.is_intact(events())


def test_propose_when_two_saw_the_same_etag_then_one_is_told(stub: ExperimentServiceStub) -> None:
    for number in ROUNDS:
        etag = stub.CreateExperiment(create(f"e{number}")).experiment.etag
        rivals = [propose(_rename(name), f"e{number}", etag=etag) for name in ("one", "two")]

        answers = _race(*[lambda rival=rival: stub.ProposeChange(rival) for rival in rivals])

        assert errors.Reason.ETAG_MISMATCH in answers
        assert _revision_count(stub, f"e{number}") == 2


def test_propose_when_many_come_without_etag_then_all_take_effect_one_after_the_other(
    stub: ExperimentServiceStub,
) -> None:
    stub.CreateExperiment(create())

    answers = _race(*[lambda name=str(each): stub.ProposeChange(propose(_rename(name))) for each in range(6)])

    assert sorted(each.change_request.base_revision for each in answers) == [1, 2, 3, 4, 5, 6]
    assert sorted(each.change_request.applied_revision for each in answers) == [2, 3, 4, 5, 6, 7]


def test_propose_when_one_request_id_is_used_for_two_experiments_then_one_is_refused(
    stub: ExperimentServiceStub, events: Callable[[], list[audit.Event]]
) -> None:
    for number in ROUNDS:
        names = (f"a{number}", f"b{number}")
        for name in names:
            stub.CreateExperiment(create(name))
        rivals = [propose(START, name, request_id=f"r{number}") for name in names]

        answers = _race(*[lambda rival=rival: stub.ProposeChange(rival) for rival in rivals])

        assert errors.Reason.REQUEST_ID_REUSED in answers
        assert sorted(_revision_count(stub, name) for name in names) == [1, 2]
    assert len(events()) == 4 * len(ROUNDS)
