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
NO_REQUEST = (grpc.StatusCode.NOT_FOUND, Reason.CHANGE_REQUEST_NOT_FOUND)
STALE = (grpc.StatusCode.ABORTED, Reason.STALE_REVISION)
MOVED = (grpc.StatusCode.ABORTED, Reason.ETAG_MISMATCH)
WRONG_STATE = (grpc.StatusCode.FAILED_PRECONDITION, Reason.INVALID_STATE)
UNAPPROVED = (grpc.StatusCode.FAILED_PRECONDITION, Reason.APPROVAL_REQUIRED)
REUSED = (grpc.StatusCode.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED)
NOT_ALLOWED = (grpc.StatusCode.PERMISSION_DENIED, Reason.APPROVAL_NOT_ALLOWED)
NOT_PERMITTED = (grpc.StatusCode.PERMISSION_DENIED, Reason.PERMISSION_DENIED)


def create_drafts(stub: ExperimentServiceStub, *experiment_ids: str, **fields: Any) -> list[common_pb2.Experiment]:
    return [stub.CreateExperiment(create(each, **fields)).experiment for each in experiment_ids]
