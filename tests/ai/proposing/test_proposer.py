"""What is proposed at a real review server: as an agent, once, and never in effect without a person."""

from dataclasses import replace
from datetime import UTC, datetime

import grpc
import pytest

from experimentation.v1 import common_pb2, review_service_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from services.ai.domain.analysis.data import Aggregates, ArmAggregate, MetricSums
from services.ai.domain.jobs import AnalysisInput
from services.ai.domain.metrics import MetricProfile
from services.ai.domain.records import AnalysisRecord, DecisionRecord
from services.ai.proposing.decisions import MOST_REASON, reason_of
from services.ai.proposing.proposer import ReviewProposer
from shared.definition.model import Experiment, MetricKind, MetricRole
from shared.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Reason,
    Unavailable,
)
from shared.rpc import client, status
from shared.statistics.decision.verdict import Verdict
from tests.ai.proposing.conftest import proposing
from tests.ai.service.analysis_world import World
from tests.review import examples
from tests.review.desk import Desk
from tests.review.verbs import apply, approve, approved, cancel, drafted, proposed

METRIC = MetricProfile("conversion", MetricKind.PROPORTION, role=MetricRole.PRIMARY)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def analysis(verdict: Verdict, arm_id: str = "", *, number: int = 1, experiment_id: str = "checkout") -> AnalysisRecord:
    """Returns an analysis with that decision."""
    arms = tuple(
        ArmAggregate(arm_id, arm_id == "control", 0.0, 1_000, (MetricSums("conversion", 100.0),))
        for arm_id in ("control", "treatment")
    )
    made = World().analysis(AnalysisInput(experiment_id, Aggregates(arms, (METRIC,), as_of=NOW)))
    decision = DecisionRecord(verdict, arm_id, made.decision.text, made.decision.reasons)
    return replace(made, analysis_id=f"analysis_{number}", decision=decision, asked_by="")


def start(desk: Desk) -> None:
    """Makes an experiment run."""
    drafted(desk)
    request = approved(desk, proposed(desk))
    desk["rob"].reviews.ApplyChangeRequest(apply(request))


def request_of(desk: Desk, change_request_id: str) -> pb.ChangeRequest:
    asked = review_service_pb2.GetChangeRequestRequest(change_request_id=change_request_id)
    return desk["vic"].reviews.GetChangeRequest(asked).change_request


def state_of(desk: Desk) -> common_pb2.ExperimentState.ValueType:
    found = desk["vic"].experiments.GetExperiment(pb.GetExperimentRequest(experiment_id="checkout"))
    return found.experiment.state


@pytest.mark.parametrize(
    ("verdict", "arm_id"),
    [(Verdict.SHIP, "treatment"), (Verdict.ROLL_BACK, ""), (Verdict.STOP_INCONCLUSIVE, "")],
)
def test_propose_decision_then_a_request_to_stop_that_waits_for_a_person(
    desk: Desk, proposer: ReviewProposer, verdict: Verdict, arm_id: str
) -> None:
    start(desk)
    decided = analysis(verdict, arm_id)

    request = request_of(desk, proposer.propose_decision(decided, request_id=decided.analysis_id))

    assert request.change == pb.Change(stop=pb.StopChange(shipped_arm_id=arm_id))
    assert (request.requester, request.state) == ("agent", pb.CHANGE_REQUEST_STATE_PENDING)
    assert request.reason == reason_of(decided)
    assert state_of(desk) == common_pb2.EXPERIMENT_STATE_RUNNING


def test_propose_decision_then_who_asked_for_the_analysis_cannot_approve_it(
    desk: Desk, proposer: ReviewProposer
) -> None:
    start(desk)
    decided = replace(analysis(Verdict.SHIP, "treatment"), asked_by="rob")

    request = request_of(desk, proposer.propose_decision(decided, request_id=decided.analysis_id))

    assert list(request.contributors) == ["rob"]
    with pytest.raises(grpc.RpcError) as caught:
        desk["rob"].reviews.ApproveChangeRequest(approve(request))
    assert status.from_rpc_error(caught.value).reason is Reason.APPROVAL_NOT_ALLOWED


@pytest.mark.parametrize("verdict", [Verdict.CONTINUE, Verdict.INVESTIGATE])
def test_propose_decision_when_nothing_is_to_change_then_nothing(
    desk: Desk, proposer: ReviewProposer, verdict: Verdict
) -> None:
    start(desk)

    assert proposer.propose_decision(analysis(verdict), request_id="a") == ""


def test_propose_decision_again_then_the_same_request(desk: Desk, proposer: ReviewProposer) -> None:
    start(desk)
    decided = analysis(Verdict.ROLL_BACK)
    first = proposer.propose_decision(decided, request_id=decided.analysis_id)

    assert proposer.propose_decision(decided, request_id=decided.analysis_id) == first
    # Though it has been decided on meanwhile.
    desk["rob"].reviews.ApplyChangeRequest(apply(approved(desk, request_of(desk, first))))
    assert state_of(desk) == common_pb2.EXPERIMENT_STATE_STOPPED
    assert proposer.propose_decision(decided, request_id=decided.analysis_id) == first


def test_propose_decision_when_the_same_is_asked_for_already_then_that_request(
    desk: Desk, proposer: ReviewProposer
) -> None:
    start(desk)
    open_one = proposed(desk, pb.Change(stop=pb.StopChange(shipped_arm_id="treatment")))

    found = proposer.propose_decision(analysis(Verdict.SHIP, "treatment"), request_id="a")

    assert found == open_one.change_request_id
    desk["ann"].reviews.CancelChangeRequest(cancel(open_one))
    assert proposer.propose_decision(analysis(Verdict.SHIP, "treatment"), request_id="a") not in ("", found)


def test_propose_decision_when_the_experiment_is_unknown_or_not_under_way_then_nothing(
    desk: Desk, proposer: ReviewProposer
) -> None:
    assert proposer.propose_decision(analysis(Verdict.ROLL_BACK), request_id="a") == ""
    drafted(desk)
    assert proposer.propose_decision(analysis(Verdict.ROLL_BACK), request_id="a") == ""


def test_propose_decision_when_there_is_no_such_arm_then_review_refuses(desk: Desk, proposer: ReviewProposer) -> None:
    start(desk)

    with pytest.raises(InvalidArgument) as caught:
        proposer.propose_decision(analysis(Verdict.SHIP, "green"), request_id="a")

    assert caught.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize("name", ["ann", "ada"])
def test_propose_decision_when_the_token_is_no_agents_then_refused_before_it_takes_effect(
    desk: Desk, name: str
) -> None:
    start(desk)

    with proposing(desk, name) as proposer, pytest.raises(PermissionDenied) as caught:
        proposer.propose_decision(analysis(Verdict.ROLL_BACK), request_id="a")

    assert caught.value.reason is Reason.PERMISSION_DENIED
    assert state_of(desk) == common_pb2.EXPERIMENT_STATE_RUNNING


def test_propose_decision_when_review_is_away_then_unavailable() -> None:
    with client.open_channel("127.0.0.1:1") as channel:
        proposer = ReviewProposer(channel, timeout_seconds=0.5)
        with pytest.raises(Unavailable):
            proposer.propose_decision(analysis(Verdict.ROLL_BACK), request_id="a")


def test_create_draft_then_the_experiment_as_review_has_it(desk: Desk, proposer: ReviewProposer) -> None:
    wanted: Experiment = examples.experiment()

    made = proposer.create_draft(wanted, request_id="design_1-draft")

    assert (made.experiment_id, made.arms, made.metrics) == (wanted.experiment_id, wanted.arms, wanted.metrics)
    assert (made.creator, made.revision) == ("agent", 1)
    assert proposer.create_draft(wanted, request_id="design_1-draft") == made
    with pytest.raises(AlreadyExists) as caught:
        proposer.create_draft(wanted, request_id="design_2-draft")
    assert caught.value.reason is Reason.EXPERIMENT_ALREADY_EXISTS


def test_propose_start_then_a_request_that_waits(desk: Desk, proposer: ReviewProposer) -> None:
    proposer.create_draft(examples.experiment(), request_id="design_1-draft")

    found = proposer.propose_start(
        "checkout", reason="Design design_1", request_id="design_1-start", on_behalf_of="ann"
    )

    request = request_of(desk, found)
    assert request.change == pb.Change(start=pb.StartChange())
    assert (request.reason, request.state) == ("Design design_1", pb.CHANGE_REQUEST_STATE_PENDING)
    # A retry knows its request, also once that is in effect.
    desk["rob"].reviews.ApproveChangeRequest(approve(request))
    desk["rob"].reviews.ApplyChangeRequest(apply(request))
    again = proposer.propose_start(
        "checkout", reason="Design design_1", request_id="design_1-start", on_behalf_of="ann"
    )
    assert again == found


def test_propose_start_when_it_runs_already_then_refused(desk: Desk, proposer: ReviewProposer) -> None:
    start(desk)

    with pytest.raises(FailedPrecondition) as caught:
        proposer.propose_start("checkout", reason="", request_id="a", on_behalf_of="ann")

    assert caught.value.reason is Reason.INVALID_STATE


def test_propose_start_when_there_is_none_then_not_found(desk: Desk, proposer: ReviewProposer) -> None:
    with pytest.raises(NotFound) as caught:
        proposer.propose_start("search", reason="", request_id="a", on_behalf_of="ann")

    assert caught.value.reason is Reason.EXPERIMENT_NOT_FOUND


def test_reason_says_the_decision_and_its_data_and_is_no_longer_than_review_takes() -> None:
    decided = analysis(Verdict.CONTINUE)

    assert reason_of(decided).startswith(
        "Analysis analysis_1, of sums that were supplied, not recorded here, as of 2026-03-20 12:00 UTC, 2,000 units. "
        "Continue the experiment."
    )
    long = replace(decided, decision=replace(decided.decision, reasons=decided.decision.reasons * 100))
    assert len(reason_of(long)) == MOST_REASON
