"""What every call of the service refuses."""

import grpc
import pytest
from google.protobuf.message import Message

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from shared.errors import Reason
from tests.review.conftest import Refused
from tests.review.requests import START, create, propose


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("CreateExperiment", create(request_id="r1")),
        ("GetExperiment", pb.GetExperimentRequest(experiment_id="checkout")),
        ("ListExperiments", pb.ListExperimentsRequest()),
        ("ProposeChange", propose(START)),
        ("ListRevisions", pb.ListRevisionsRequest(experiment_id="checkout")),
    ],
)
def test_any_call_when_the_store_is_away_then_unavailable(
    storeless_stub: ExperimentServiceStub, refused: Refused, method: str, request_: Message
) -> None:
    refusal = refused(getattr(storeless_stub, method), request_)

    assert refusal.reason == (grpc.StatusCode.UNAVAILABLE, Reason.STORE_UNAVAILABLE)
