"""What the rules that ship decide, through the wire: what needs whom, and what nobody is asked for."""

import pytest

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from tests.review.desk import Desk
from tests.review.requests import PAUSE, START, experiment
from tests.review.verbs import apply, approved, drafted, proposed, renamed

APPLIED, PENDING = pb.CHANGE_REQUEST_STATE_APPLIED, pb.CHANGE_REQUEST_STATE_PENDING
REVENUE = common_pb2.Metric(
    metric_id="revenue", kind=common_pb2.METRIC_KIND_MEAN, role=common_pb2.METRIC_ROLE_GUARDRAIL, revenue=True
)


def started(desk: Desk) -> None:
    """Starts the experiment as it should be: ann proposes, rob approves, ann applies."""
    drafted(desk)
    request = approved(desk, proposed(desk))
    desk["ann"].reviews.ApplyChangeRequest(apply(request))


def needed(request: pb.ChangeRequest) -> list[tuple[str, int]]:
    return [(each.rule_id, each.approval_count) for each in request.requirements]


def test_start_when_proposed_then_it_needs_one_approval(desk: Desk) -> None:
    drafted(desk)

    request = proposed(desk)

    assert (request.state, needed(request)) == (PENDING, [("start", 1)])


def test_start_when_revenue_is_a_guardrail_then_it_needs_two(desk: Desk) -> None:
    asked = pb.CreateExperimentRequest(experiment=experiment())
    asked.experiment.metrics.append(REVENUE)
    desk["ann"].experiments.CreateExperiment(asked)

    request = proposed(desk)

    assert needed(request) == [("start", 1), ("start-revenue", 2)]
    assert approved(desk, request, "rob").state == PENDING
    assert approved(desk, request, "rae").state == pb.CHANGE_REQUEST_STATE_APPROVED


@pytest.mark.parametrize("who", ["ann", "rob"])
def test_pause_when_whoever_may_halt_proposes_it_then_applied_at_once(desk: Desk, who: str) -> None:
    started(desk)

    request = proposed(desk, PAUSE, who=who)

    assert (request.state, needed(request), request.applied_revision) == (APPLIED, [], 3)


@pytest.mark.parametrize("shipped_arm_id", ["", "control"])
def test_stop_when_it_ships_the_control_then_applied_at_once(desk: Desk, shipped_arm_id: str) -> None:
    started(desk)

    request = proposed(desk, pb.Change(stop=pb.StopChange(shipped_arm_id=shipped_arm_id)))

    assert (request.state, needed(request)) == (APPLIED, [])


@pytest.mark.parametrize(
    ("change", "rule_id"),
    [
        (pb.Change(stop=pb.StopChange(shipped_arm_id="treatment")), "ship"),
        (
            pb.Change(edit_traffic=pb.EditTrafficChange(traffic=common_pb2.Traffic(share=0.94))),
            "traffic",
        ),
        (
            pb.Change(
                edit_allocation=pb.EditAllocationChange(
                    allocation_policy=common_pb2.AllocationPolicy(beta_thompson=common_pb2.BetaThompson())
                )
            ),
            "algorithm",
        ),
    ],
    ids=["ship", "traffic", "algorithm"],
)
def test_change_when_it_matters_then_it_waits(desk: Desk, change: pb.Change, rule_id: str) -> None:
    started(desk)

    request = proposed(desk, change)

    assert request.state == PENDING
    assert rule_id in [name for name, _ in needed(request)]


def test_resume_when_paused_then_it_waits(desk: Desk) -> None:
    started(desk)
    proposed(desk, PAUSE)

    request = proposed(desk, pb.Change(resume=pb.ResumeChange()))

    assert (request.state, needed(request)) == (PENDING, [("resume", 1)])


@pytest.mark.parametrize(
    "change",
    [renamed("New"), pb.Change(edit_traffic=pb.EditTrafficChange(traffic=common_pb2.Traffic(share=0.95)))],
    ids=["words", "little traffic"],
)
def test_change_when_it_is_small_then_applied_at_once(desk: Desk, change: pb.Change) -> None:
    started(desk)

    assert proposed(desk, change).state == APPLIED


def test_propose_when_validate_only_then_the_diff_and_what_it_needs_and_nothing_happens(desk: Desk) -> None:
    drafted(desk)

    answer = desk["ann"].experiments.ProposeChange(
        pb.ProposeChangeRequest(experiment_id="checkout", change=START, validate_only=True)
    )

    request = answer.change_request
    assert (request.change_request_id, needed(request)) == ("", [("start", 1)])
    assert ("state", '"DRAFT"', '"RUNNING"') in [(each.path, each.before, each.after) for each in request.diff]
    assert answer.experiment.state == common_pb2.EXPERIMENT_STATE_DRAFT
    pausing = desk["ann"].experiments.ProposeChange(
        pb.ProposeChangeRequest(experiment_id="checkout", change=renamed("New"), validate_only=True)
    )
    assert pausing.experiment.revision == 1
