"""Halts take effect at once, so that those alone may make them who have the permission: no agent."""

import pytest
import sqlalchemy

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from services.review import main
from services.review.config import Config
from services.review.store.postgres import PostgresReviewStore
from shared import telemetry
from shared.bell import Bell
from shared.identity.principal import Caller
from shared.rpc import client
from tests.fakes import identity
from tests.review.conftest import STOP_SECONDS, Refused
from tests.review.desk import Desk
from tests.review.requests import PAUSE, propose
from tests.review.rpc.calls import NOT_PERMITTED
from tests.review.verbs import approve, current, drafted, edit, proposed, renamed

APPLIED = pb.CHANGE_REQUEST_STATE_APPLIED


def stop(shipped_arm_id: str = "") -> pb.Change:
    return pb.Change(stop=pb.StopChange(shipped_arm_id=shipped_arm_id))


@pytest.fixture
def running(desk: Desk) -> Desk:
    """A desk where ann's experiment runs."""
    drafted(desk)
    request = proposed(desk, auto_apply=True)
    assert desk["rob"].reviews.ApproveChangeRequest(approve(request)).change_request.state == APPLIED
    return desk


@pytest.mark.parametrize("change", [PAUSE, stop(), stop("control")])
@pytest.mark.parametrize("draft", [False, True])
def test_propose_when_an_agent_would_halt_then_is_denied(
    running: Desk, refused: Refused, change: pb.Change, *, draft: bool
) -> None:
    refusal = refused(running["agent"].experiments.ProposeChange, propose(change, draft=draft))

    assert (refusal.reason, refusal.error.metadata) == (NOT_PERMITTED, {"permission": "experiments.halt"})


@pytest.mark.parametrize("who", ["ann", "rob", "ada"])
def test_propose_when_a_person_pauses_then_it_takes_effect_at_once(running: Desk, who: str) -> None:
    assert proposed(running, PAUSE, who=who).state == APPLIED


def test_propose_when_an_agent_would_ship_an_arm_then_it_waits_for_people(running: Desk) -> None:
    request = proposed(running, stop("treatment"), who="agent")

    assert request.state == pb.CHANGE_REQUEST_STATE_PENDING


def test_edit_when_an_agent_would_make_it_a_halt_then_is_denied(running: Desk, refused: Refused) -> None:
    request = proposed(running, renamed("Till"), who="agent", draft=True)

    for change in (PAUSE, stop(), stop("treatment")):
        refusal = refused(running["agent"].reviews.EditChangeRequest, edit(request, change=change))
        assert refusal.reason == NOT_PERMITTED

    assert current(running, request).request_revision == request.request_revision


def test_propose_when_denied_then_somebody_is_told(engine: sqlalchemy.Engine, refused: Refused) -> None:
    told: list[tuple[str, str]] = []

    def note(caller: Caller, action: str) -> None:
        told.append((caller.principal_id, action))

    server = main.build_server(
        Config(address="127.0.0.1:0"),
        PostgresReviewStore(engine),
        telemetry.RpcMetrics(telemetry.new_registry()),
        identity.authorizer(),
        Bell(),
        on_denied=note,
    )
    with client.open_channel(server.start(), token=identity.secret("agent")) as channel:
        refusal = refused(ExperimentServiceStub(channel).ProposeChange, propose(PAUSE))
    server.stop(STOP_SECONDS)

    assert refusal.reason == NOT_PERMITTED
    assert told == [("agent", "change_request.propose")]


def test_experiment_when_an_agent_was_denied_then_it_runs_on(running: Desk, refused: Refused) -> None:
    refused(running["agent"].experiments.ProposeChange, propose(PAUSE))

    found = running["vic"].experiments.GetExperiment(pb.GetExperimentRequest(experiment_id="checkout")).experiment
    assert found.state == common_pb2.EXPERIMENT_STATE_RUNNING
