"""The experiment that the demo creates, and its ways through review: create, start, stop."""

from collections.abc import Sequence
from typing import Final

from google.protobuf.duration_pb2 import Duration

from experimentation.v1 import common_pb2, experiment_service_pb2, review_service_pb2
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.admin.clients import CALL_SECONDS
from services.admin.demo.thornton import CITATION, RealArm
from services.admin.experiments import pages
from shared import errors
from shared.rpc import client

METRIC_ID: Final = "came_for_result"
LABELS: Final = {"demo": "thornton"}
BURN_IN_UNIT_COUNT: Final = 20
EXPLORATION_FLOOR: Final = 0.01


def definition(experiment_id: str, arms: Sequence[RealArm]) -> common_pb2.Experiment:
    """Returns a bandit over the arms, the first one the control, that learns without waiting."""
    controls = common_pb2.AllocationControls(
        exploration_floor=EXPLORATION_FLOOR,
        burn_in_unit_count=BURN_IN_UNIT_COUNT,
        # Set, to zero: the default is a minute.
        update_interval=Duration(),
    )
    return common_pb2.Experiment(
        experiment_id=experiment_id,
        display_name="Incentives to learn an HIV test result (replay)",
        description=f"A replay of real data, not a live experiment. {CITATION}.",
        labels=LABELS,
        arms=[common_pb2.Arm(arm_id=arm.arm_id, display_name=arm.display_name, control=arm is arms[0]) for arm in arms],
        metrics=[
            common_pb2.Metric(
                metric_id=METRIC_ID,
                display_name="Came for the test result",
                kind=common_pb2.METRIC_KIND_PROPORTION,
                role=common_pb2.METRIC_ROLE_PRIMARY,
            )
        ],
        allocation_policy=common_pb2.AllocationPolicy(beta_thompson=common_pb2.BetaThompson(), controls=controls),
    )


def create_and_start(
    stub: ExperimentServiceStub, reviews: ReviewServiceStub, experiment_id: str, arms: Sequence[RealArm]
) -> None:
    """Creates the experiment and starts it, with the approval that the rules ask for.

    Args:
        stub: Is called as an experimenter.
        reviews: Is called as a reviewer.
        experiment_id: Names the experiment.
        arms: As they really were.

    Raises:
        FailedPrecondition: INVALID_STATE, policy rules hold the start back.
        PlatformError: A call failed.
    """
    request = experiment_service_pb2.CreateExperimentRequest(
        experiment=definition(experiment_id, arms), request_id=f"{experiment_id}-create"
    )
    client.call(stub.CreateExperiment, request, timeout_seconds=CALL_SECONDS)
    start = experiment_service_pb2.Change(start=experiment_service_pb2.StartChange())
    _change(stub, reviews, experiment_id, start)


def stop_all(stub: ExperimentServiceStub, reviews: ReviewServiceStub) -> None:
    """Stops the demo's experiments that are running, those of earlier demos included.

    Raises:
        PlatformError: As `create_and_start`.
    """
    request = experiment_service_pb2.ListExperimentsRequest(states=[common_pb2.EXPERIMENT_STATE_RUNNING], labels=LABELS)
    stop = experiment_service_pb2.Change(stop=experiment_service_pb2.StopChange())
    for each in list(pages(stub, request)):
        _change(stub, reviews, each.experiment_id, stop)


def _change(
    stub: ExperimentServiceStub,
    reviews: ReviewServiceStub,
    experiment_id: str,
    change: experiment_service_pb2.Change,
) -> None:
    verb = change.WhichOneof("kind")
    proposal = experiment_service_pb2.ProposeChangeRequest(
        experiment_id=experiment_id, change=change, reason="demo", request_id=f"{experiment_id}-{verb}", auto_apply=True
    )
    request = client.call(stub.ProposeChange, proposal, timeout_seconds=CALL_SECONDS).change_request
    if request.state == experiment_service_pb2.CHANGE_REQUEST_STATE_PENDING:
        approval = review_service_pb2.ApproveChangeRequestRequest(
            change_request_id=request.change_request_id,
            request_revision=request.request_revision,
            digest=request.digest,
        )
        request = client.call(reviews.ApproveChangeRequest, approval, timeout_seconds=CALL_SECONDS).change_request
    if request.state != experiment_service_pb2.CHANGE_REQUEST_STATE_APPLIED:
        raise errors.FailedPrecondition(
            errors.Reason.INVALID_STATE,
            f"the {verb} of {experiment_id} waits for more approvals: expctl review show {request.change_request_id}",
            metadata={"experiment_id": experiment_id},
        )
