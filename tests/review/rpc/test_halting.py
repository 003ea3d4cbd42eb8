"""Halts take effect at once, so that those alone may make them who have the permission; an agent's waits for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import sqlalchemy

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from shared import clock
from shared.config import Secret
from shared.identity import token
from shared.identity.credential_book import CredentialBook
from shared.identity.permission import Permission
from shared.identity.principal import Caller
from shared.identity.token import ApiToken
from shared.rpc import client
from tests.review import desk as desks
from tests.review import people
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.requests import PAUSE, propose
from tests.review.rpc.calls import NOT_PERMITTED
from tests.review.verbs import apply, approve, drafted, edit, proposed

GOOD_UNTIL = datetime(2100, 1, 1, tzinfo=UTC)
APPLIED = pb.CHANGE_REQUEST_STATE_APPLIED


def stop(shipped_arm_id: str = "") -> pb.Change:
    return pb.Change(stop=pb.StopChange(shipped_arm_id=shipped_arm_id))


@contextmanager
def proposing_alone(desk: Desk) -> Iterator[ExperimentServiceStub]:
    """Gives what calls with a token of ann's that is good for proposing alone."""
    secret = token.new_secret("tok_narrow", lambda count: b"narrow".ljust(count, b"."))
    scopes = frozenset({Permission.CHANGES_PROPOSE.value})
    narrow = ApiToken("tok_narrow", "ann", token.hash_of(secret), scopes, clock.now(), GOOD_UNTIL)
    known = people.book()
    desk.authenticator.replace(CredentialBook(known.principals, [*known.tokens, narrow]))
    with client.open_channel(desk.address, token=Secret(secret)) as channel:
        yield ExperimentServiceStub(channel)


def state_of(desk: Desk) -> common_pb2.ExperimentState.ValueType:
    asked = pb.GetExperimentRequest(experiment_id="checkout")
    return desk["vic"].experiments.GetExperiment(asked).experiment.state


@pytest.fixture
def running(desk: Desk) -> Desk:
    """A desk where ann's experiment runs."""
    drafted(desk)
    request = proposed(desk, auto_apply=True)
    assert desk["rob"].reviews.ApproveChangeRequest(approve(request)).change_request.state == APPLIED
    return desk


@pytest.mark.parametrize("change", [PAUSE, stop(), stop("control")])
@pytest.mark.parametrize("auto_apply", [False, True])
def test_propose_when_an_agent_would_halt_then_it_waits_for_people(
    running: Desk, change: pb.Change, *, auto_apply: bool
) -> None:
    request = proposed(running, change, who="agent", auto_apply=auto_apply)

    assert request.state == pb.CHANGE_REQUEST_STATE_PENDING
    assert [one.rule_id for one in request.requirements] == ["agents"]
    assert state_of(running) == common_pb2.EXPERIMENT_STATE_RUNNING


def test_propose_when_a_person_agrees_with_an_agent_then_it_halts(running: Desk) -> None:
    request = proposed(running, PAUSE, who="agent", auto_apply=True)

    assert running["rob"].reviews.ApproveChangeRequest(approve(request)).change_request.state == APPLIED
    assert state_of(running) == common_pb2.EXPERIMENT_STATE_PAUSED


def test_apply_when_an_agent_would_halt_then_is_denied(running: Desk, refused: Refused) -> None:
    request = proposed(running, PAUSE, who="agent")

    assert refused(running["agent"].reviews.ApplyChangeRequest, apply(request)).reason == NOT_PERMITTED
    assert state_of(running) == common_pb2.EXPERIMENT_STATE_RUNNING


@pytest.mark.parametrize("change", [PAUSE, stop(), stop("control")])
@pytest.mark.parametrize("draft", [False, True])
def test_propose_when_a_token_is_not_good_for_halts_then_is_denied(
    running: Desk, refused: Refused, change: pb.Change, *, draft: bool
) -> None:
    with proposing_alone(running) as experiments:
        refusal = refused(experiments.ProposeChange, propose(change, draft=draft))

    assert (refusal.reason, refusal.error.metadata) == (NOT_PERMITTED, {"permission": "experiments.halt"})
    assert state_of(running) == common_pb2.EXPERIMENT_STATE_RUNNING


@pytest.mark.parametrize("who", ["ann", "rob", "ada"])
def test_propose_when_a_person_pauses_then_it_takes_effect_at_once(running: Desk, who: str) -> None:
    assert proposed(running, PAUSE, who=who).state == APPLIED


def test_propose_when_an_agent_would_ship_an_arm_then_it_waits_for_people(running: Desk) -> None:
    request = proposed(running, stop("treatment"), who="agent")

    assert request.state == pb.CHANGE_REQUEST_STATE_PENDING


def test_edit_when_an_agent_makes_it_a_halt_then_it_waits_for_people(running: Desk) -> None:
    request = proposed(running, stop("treatment"), who="agent")

    edited = running["agent"].reviews.EditChangeRequest(edit(request, change=stop())).change_request

    assert edited.state == pb.CHANGE_REQUEST_STATE_PENDING
    assert [one.rule_id for one in edited.requirements] == ["agents"]


def test_propose_when_denied_then_somebody_is_told(engine: sqlalchemy.Engine, refused: Refused) -> None:
    told: list[tuple[str, str]] = []

    def note(caller: Caller, action: str) -> None:
        told.append((caller.principal_id, action))

    with desks.opened(engine, on_denied=note) as desk, proposing_alone(desk) as experiments:
        refusal = refused(experiments.ProposeChange, propose(PAUSE))

    assert refusal.reason == NOT_PERMITTED
    assert told == [("ann", "change_request.propose")]
