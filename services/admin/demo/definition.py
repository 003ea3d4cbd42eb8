"""The experiment that the demo creates, and its ways through review: create, start, stop."""

from collections.abc import Sequence
from typing import Final

from google.protobuf.duration_pb2 import Duration

from experimentation.v1 import common_pb2, experiment_service_pb2
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
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


def create_and_start(stub: ExperimentServiceStub, experiment_id: str, arms: Sequence[RealArm]) -> None:
    """Creates the experiment and starts it.

    Raises:
        FailedPrecondition: INVALID_STATE, a policy rule holds the start back.
        PlatformError: A call failed.
    """
    request = experiment_service_pb2.CreateExperimentRequest(
        experiment=definition(experiment_id, arms), request_id=f"{experiment_id}-create"
    )
    client.call(stub.CreateExperiment, request, timeout_seconds=CALL_SECONDS)
    start = experiment_service_pb2.Change(start=experiment_service_pb2.StartChange())
    _change(stub, experiment_id, start, wanted=common_pb2.EXPERIMENT_STATE_RUNNING)


def stop_all(stub: ExperimentServiceStub) -> None:
    """Stops the demo's experiments that are running, those of earlier demos included.

    Raises:
        PlatformError: As `create_and_start`.
    """
    request = experiment_service_pb2.ListExperimentsRequest(states=[common_pb2.EXPERIMENT_STATE_RUNNING], labels=LABELS)
    stop = experiment_service_pb2.Change(stop=experiment_service_pb2.StopChange())
    for each in list(pages(stub, request)):
        _change(stub, each.experiment_id, stop, wanted=common_pb2.EXPERIMENT_STATE_STOPPED)


def _change(
    stub: ExperimentServiceStub,
    experiment_id: str,
    change: experiment_service_pb2.Change,
    *,
    wanted: "common_pb2.ExperimentState.ValueType",
) -> None:
    verb = change.WhichOneof("kind")
    request = experiment_service_pb2.ProposeChangeRequest(
        experiment_id=experiment_id, change=change, reason="demo", request_id=f"{experiment_id}-{verb}"
    )
    response = client.call(stub.ProposeChange, request, timeout_seconds=CALL_SECONDS)
    if response.experiment.state != wanted:
        raise errors.FailedPrecondition(
            errors.Reason.INVALID_STATE,
            f"the {verb} of {experiment_id} waits for an approval",
            metadata={"experiment_id": experiment_id},
        )
