"""GetExperiment: refusals."""

import pytest

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from tests.review.conftest import Refused
from tests.review.rpc.calls import INVALID_FIELD, NOT_FOUND


@pytest.mark.parametrize("experiment_id", ["nowhere", "x" * 20_000])
def test_get_when_unknown_then_not_found(stub: ExperimentServiceStub, refused: Refused, experiment_id: str) -> None:
    refusal = refused(stub.GetExperiment, pb.GetExperimentRequest(experiment_id=experiment_id))

    assert refusal.reason == NOT_FOUND
    assert refusal.error.metadata == {"experiment_id": experiment_id[:64]}


def test_get_when_the_id_holds_a_nul_then_it_is_refused(stub: ExperimentServiceStub, refused: Refused) -> None:
    refusal = refused(stub.GetExperiment, pb.GetExperimentRequest(experiment_id="a\0"))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, ["experiment_id"])
