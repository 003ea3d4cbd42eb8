"""From a stored analysis to a change in effect: the service proposes, a person approves, review applies."""

import pytest
import sqlalchemy

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from services.ai.domain.jobs import AnalysisInput
from services.ai.proposing.proposer import ReviewProposer
from services.ai.service.proposals import Proposals
from services.ai.store.postgres import PostgresAiStore
from tests.ai.proposing.test_proposer import request_of, start, state_of
from tests.ai.service.analysis_world import stored
from tests.ai.service.test_analysis_task import SAME, arm, given
from tests.review.desk import Desk
from tests.review.verbs import apply, approved

BETTER = given(arm("control", 20_000, 2_000), arm("treatment", 20_000, 2_600))


@pytest.fixture
def store(engine: sqlalchemy.Engine) -> PostgresAiStore:
    return PostgresAiStore(engine)


def test_ship_then_its_request_is_noted_waits_and_ships_the_arm_once_somebody_agrees(
    desk: Desk, proposer: ReviewProposer, store: PostgresAiStore
) -> None:
    start(desk)
    analysis = stored(store, AnalysisInput("checkout", BETTER, propose=True))

    assert Proposals(store.analyses, proposer).sweep() == 1

    noted = store.analyses.find(analysis.analysis_id)
    assert noted is not None
    request = request_of(desk, noted.change_request_id)
    assert (request.requester, request.state) == ("agent", pb.CHANGE_REQUEST_STATE_PENDING)
    assert "Ship treatment" in request.reason
    assert state_of(desk) == common_pb2.EXPERIMENT_STATE_RUNNING
    # Two, as no bandit runs that could say whether a guardrail has paused the arm.
    desk["rob"].reviews.ApplyChangeRequest(apply(approved(desk, request, "rob", "rae")))
    found = desk["vic"].experiments.GetExperiment(pb.GetExperimentRequest(experiment_id="checkout")).experiment
    assert (found.state, found.shipped_arm_id) == (common_pb2.EXPERIMENT_STATE_STOPPED, "treatment")


def test_sweep_when_it_broke_off_before_it_was_noted_then_the_same_request(
    desk: Desk, proposer: ReviewProposer, store: PostgresAiStore
) -> None:
    start(desk)
    analysis = stored(store, AnalysisInput("checkout", BETTER, propose=True))
    opened = proposer.propose_decision(analysis, request_id=analysis.analysis_id)

    assert Proposals(store.analyses, proposer).sweep() == 1

    noted = store.analyses.find(analysis.analysis_id)
    assert noted is not None
    assert noted.change_request_id == opened


def test_continue_then_nothing_is_proposed(desk: Desk, proposer: ReviewProposer, store: PostgresAiStore) -> None:
    start(desk)
    stored(store, AnalysisInput("checkout", SAME, propose=True))

    assert Proposals(store.analyses, proposer).sweep() == 0
    assert store.analyses.unproposed(limit=9) == []
