"""ProposeChange: edits, retries, etags, refusals."""

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from shared.errors import Reason
from tests.fakes import identity
from tests.review.conftest import Refused
from tests.review.requests import PAUSE, START, experiment, propose
from tests.review.rpc.calls import INVALID_FIELD, NOT_FOUND, create_drafts


def test_propose_when_open_then_it_is_applied(stub: ExperimentServiceStub) -> None:
    (created,) = create_drafts(stub, "checkout")

    response = stub.ProposeChange(
        propose(START, reason="ready", etag=created.etag, request_id="r1"), metadata=identity.metadata("bob")
    )

    request = response.change_request
    assert request.state == pb.CHANGE_REQUEST_STATE_APPLIED
    assert (request.requester, request.reason, request.change) == ("bob", "ready", START)
    assert (request.base_revision, request.applied_revision) == (1, 2)
    assert response.experiment.state == common_pb2.EXPERIMENT_STATE_RUNNING
    assert response.experiment.started_at == request.applied_at
    assert response.experiment.etag != created.etag
    assert stub.GetExperiment(pb.GetExperimentRequest(experiment_id="checkout")).experiment == response.experiment


def test_propose_when_retried_then_the_same_answer(stub: ExperimentServiceStub) -> None:
    create_drafts(stub, "checkout")
    first = stub.ProposeChange(propose(START, request_id="r1"))
    stub.ProposeChange(propose(PAUSE))

    assert stub.ProposeChange(propose(START, request_id="r1")) == first


def test_propose_when_the_request_id_was_used_otherwise_then_already_exists(
    stub: ExperimentServiceStub, refused: Refused
) -> None:
    create_drafts(stub, "checkout", "other")
    stub.ProposeChange(propose(START, request_id="r1"))

    for again in (propose(PAUSE, request_id="r1"), propose(START, "other", request_id="r1")):
        refusal = refused(stub.ProposeChange, again)
        assert refusal.reason == (grpc.StatusCode.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED)
        assert refusal.error.metadata == {"request_id": "r1"}


def test_propose_when_the_etag_is_old_then_aborted(stub: ExperimentServiceStub, refused: Refused) -> None:
    (created,) = create_drafts(stub, "checkout")
    current = stub.ProposeChange(propose(START)).experiment

    refusal = refused(stub.ProposeChange, propose(PAUSE, etag=created.etag))

    assert refusal.reason == (grpc.StatusCode.ABORTED, Reason.ETAG_MISMATCH)
    assert refusal.error.metadata == {"experiment_id": "checkout", "etag": current.etag}


def test_propose_when_the_state_is_wrong_then_failed_precondition(
    stub: ExperimentServiceStub, refused: Refused
) -> None:
    create_drafts(stub, "checkout")

    refusal = refused(stub.ProposeChange, propose(PAUSE))

    assert refusal.reason == (grpc.StatusCode.FAILED_PRECONDITION, Reason.INVALID_STATE)
    assert refusal.error.metadata == {"experiment_id": "checkout", "state": "DRAFT"}


def test_propose_when_the_experiment_is_unknown_then_not_found(stub: ExperimentServiceStub, refused: Refused) -> None:
    assert refused(stub.ProposeChange, propose(START)).reason == NOT_FOUND


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (pb.Change(), "change.kind"),
        (pb.Change(stop=pb.StopChange(shipped_arm_id="third")), "change.stop.shipped_arm_id"),
        (pb.Change(edit_arms=pb.EditArmsChange(arms=experiment().arms[:1])), "change.edit_arms.arms"),
        (pb.Change(edit_metrics=pb.EditMetricsChange()), "change.edit_metrics.metrics"),
        (
            pb.Change(
                edit_metrics=pb.EditMetricsChange(
                    metrics=[common_pb2.Metric(metric_id="a", role=common_pb2.METRIC_ROLE_PRIMARY)]
                )
            ),
            "change.edit_metrics.metrics[0].kind",
        ),
        (pb.Change(edit_allocation=pb.EditAllocationChange()), "change.edit_allocation.allocation_policy"),
        (
            pb.Change(edit_traffic=pb.EditTrafficChange(traffic=common_pb2.Traffic())),
            "change.edit_traffic.traffic.share",
        ),
        (
            pb.Change(edit_details=pb.EditDetailsChange(labels={"a": "b"})),
            "change.edit_details.labels",
        ),
        (
            pb.Change(edit_details=pb.EditDetailsChange(labels={"a": "b" * 64}, replace_labels=True)),
            'change.edit_details.labels["a"]',
        ),
    ],
)
def test_propose_when_a_field_is_bad_then_it_is_named(
    stub: ExperimentServiceStub, refused: Refused, change: pb.Change, path: str
) -> None:
    create_drafts(stub, "checkout")
    stub.ProposeChange(propose(START))

    refusal = refused(stub.ProposeChange, propose(change))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, [path])


def test_propose_when_everything_is_edited_then_everything_comes_back(stub: ExperimentServiceStub) -> None:
    create_drafts(stub, "checkout")
    arms = [common_pb2.Arm(arm_id=name, display_name=name, control=name == "b") for name in "abc"]
    metric = common_pb2.Metric(
        metric_id="revenue",
        display_name="Revenue",
        kind=common_pb2.METRIC_KIND_MEAN,
        role=common_pb2.METRIC_ROLE_PRIMARY,
        direction=common_pb2.METRIC_DIRECTION_MINIMIZE,
        combination_rule=common_pb2.COMBINATION_RULE_LAST,
        min_value=-1.5,
        max_value=1e12,
    )
    policy = common_pb2.AllocationPolicy(
        gaussian_thompson=common_pb2.GaussianThompson(prior_unit_count=3),
        controls=common_pb2.AllocationControls(
            exploration_floor=0.125,
            min_control_share=0.25,
            burn_in_unit_count=0,
            update_interval=Duration(seconds=5),
            min_weight_change=0,
        ),
    )
    traffic = common_pb2.Traffic(share=0.5, holdout_share=0.25)
    details = pb.EditDetailsChange(display_name="New", description="Why", labels={"a": "b"}, replace_labels=True)

    stub.ProposeChange(propose(pb.Change(edit_arms=pb.EditArmsChange(arms=arms))))
    stub.ProposeChange(propose(pb.Change(edit_metrics=pb.EditMetricsChange(metrics=[metric]))))
    stub.ProposeChange(propose(pb.Change(edit_allocation=pb.EditAllocationChange(allocation_policy=policy))))
    stub.ProposeChange(propose(pb.Change(edit_traffic=pb.EditTrafficChange(traffic=traffic))))
    edited = stub.ProposeChange(propose(pb.Change(edit_details=details))).experiment

    assert (list(edited.arms), list(edited.metrics)) == (arms, [metric])
    assert (edited.allocation_policy, edited.traffic) == (policy, traffic)
    assert (edited.display_name, edited.description, dict(edited.labels)) == ("New", "Why", {"a": "b"})
    assert edited.revision == 6
