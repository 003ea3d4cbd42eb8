"""Requests that the tests of the RPC surface share."""

from typing import Any

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb


def experiment(experiment_id: str = "checkout", **fields: Any) -> common_pb2.Experiment:
    """Returns the least that a creator must say."""
    return common_pb2.Experiment(
        experiment_id=experiment_id,
        arms=[common_pb2.Arm(arm_id="control", control=True), common_pb2.Arm(arm_id="treatment")],
        metrics=[
            common_pb2.Metric(
                metric_id="conversion",
                kind=common_pb2.METRIC_KIND_PROPORTION,
                role=common_pb2.METRIC_ROLE_PRIMARY,
            )
        ],
        **fields,
    )


def create(experiment_id: str = "checkout", *, request_id: str = "", **fields: Any) -> pb.CreateExperimentRequest:
    """Returns a request to create it."""
    return pb.CreateExperimentRequest(experiment=experiment(experiment_id, **fields), request_id=request_id)


def propose(change: pb.Change, experiment_id: str = "checkout", **fields: Any) -> pb.ProposeChangeRequest:
    """Returns a request to change it."""
    return pb.ProposeChangeRequest(experiment_id=experiment_id, change=change, **fields)


START = pb.Change(start=pb.StartChange())
PAUSE = pb.Change(pause=pb.PauseChange())
