"""The analysis split through the control plane: declared, changed, and refused where it does not fit."""

from typing import Any

import pytest

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from tests.review.conftest import Refused
from tests.review.requests import START, create, propose
from tests.review.rpc.calls import INVALID_FIELD

LEARNING = common_pb2.AllocationPolicy(beta_thompson=common_pb2.BetaThompson())
FIFTH = common_pb2.Traffic(share=0.5, holdout_share=0.1, analysis_share=0.2)
FIELD = "traffic.analysis_share"


def test_create_when_a_split_is_declared_then_it_is_kept_and_may_change_while_running(
    stub: ExperimentServiceStub,
) -> None:
    created = stub.CreateExperiment(create(allocation_policy=LEARNING, traffic=FIFTH)).experiment
    stub.ProposeChange(propose(START))
    wider = common_pb2.Traffic(share=0.9, analysis_share=0.4)

    edited = stub.ProposeChange(propose(pb.Change(edit_traffic=pb.EditTrafficChange(traffic=wider)))).experiment

    assert created.traffic == FIFTH
    assert edited.traffic == wider


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"traffic": FIFTH}, [f"experiment.{FIELD}"]),
        (
            {"traffic": common_pb2.Traffic(share=1, analysis_share=1), "allocation_policy": LEARNING},
            [f"experiment.{FIELD}"],
        ),
        (
            {"traffic": common_pb2.Traffic(share=1, analysis_share=-0.1), "allocation_policy": LEARNING},
            [f"experiment.{FIELD}"],
        ),
    ],
)
def test_create_when_a_split_does_not_fit_then_it_is_refused(
    stub: ExperimentServiceStub, refused: Refused, fields: dict[str, Any], named: list[str]
) -> None:
    refusal = refused(stub.CreateExperiment, create(**fields))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, named)


def test_propose_when_the_policy_would_learn_no_more_then_the_change_is_named_with_the_reason(
    stub: ExperimentServiceStub, refused: Refused
) -> None:
    stub.CreateExperiment(create(allocation_policy=LEARNING, traffic=FIFTH))
    fixed = common_pb2.AllocationPolicy(fixed_split=common_pb2.FixedSplit())

    refusal = refused(
        stub.ProposeChange, propose(pb.Change(edit_allocation=pb.EditAllocationChange(allocation_policy=fixed)))
    )

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, ["change.edit_allocation"])
    assert "a fixed split learns nothing" in refusal.error.violations[0].description
