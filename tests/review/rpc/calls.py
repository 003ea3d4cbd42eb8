"""Calls that the tests of the service share, and the refusals that they meet."""

from typing import Any

import grpc

from experimentation.v1 import common_pb2
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from shared.errors import Reason
from tests.review.requests import create

INVALID = grpc.StatusCode.INVALID_ARGUMENT
INVALID_FIELD = (INVALID, Reason.INVALID_FIELD)
INVALID_PAGE_TOKEN = (INVALID, Reason.INVALID_PAGE_TOKEN)
NOT_FOUND = (grpc.StatusCode.NOT_FOUND, Reason.EXPERIMENT_NOT_FOUND)


def create_drafts(stub: ExperimentServiceStub, *experiment_ids: str, **fields: Any) -> list[common_pb2.Experiment]:
    return [stub.CreateExperiment(create(each, **fields)).experiment for each in experiment_ids]
