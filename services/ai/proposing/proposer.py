"""Proposes at review over gRPC, with an agent's token: what an agent proposes waits for a person, always."""

from collections.abc import Callable
from typing import Final, TypeVar

import grpc
from google.protobuf import message

from experimentation.v1 import common_pb2, review_service_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.ai.domain.records import AnalysisRecord
from services.ai.proposing.decisions import change_of, mark_of, reason_of
from shared.definition.convert import experiment_from_proto, experiment_to_proto
from shared.definition.model import Experiment
from shared.errors import FailedPrecondition, NotFound, PermissionDenied, Reason
from shared.rpc import client

_Request = TypeVar("_Request", bound=message.Message)
_Response = TypeVar("_Response", bound=message.Message)

_LOOKED_AT: Final = 100
"""Of an experiment's change requests, the newest ones."""
_UNDER_WAY: Final = (common_pb2.EXPERIMENT_STATE_RUNNING, common_pb2.EXPERIMENT_STATE_PAUSED)
_OPEN: Final = frozenset(
    {
        pb.CHANGE_REQUEST_STATE_DRAFT,
        pb.CHANGE_REQUEST_STATE_PENDING,
        pb.CHANGE_REQUEST_STATE_CHANGES_REQUESTED,
        pb.CHANGE_REQUEST_STATE_APPROVED,
        pb.CHANGE_REQUEST_STATE_SCHEDULED,
    }
)


class ReviewProposer:
    """Is `ports.Proposer`. Safe for threads."""

    def __init__(self, channel: grpc.Channel, *, timeout_seconds: float) -> None:
        self._experiments = ExperimentServiceStub(channel)
        self._reviews = ReviewServiceStub(channel)
        self._timeout_seconds = timeout_seconds

    def create_draft(self, experiment: Experiment, *, request_id: str) -> Experiment:
        """Creates a draft experiment; the same request id gives the same.

        Raises:
            PlatformError: As review says.
        """
        wanted = experiment_to_proto(experiment)
        request = pb.CreateExperimentRequest(experiment=wanted, request_id=request_id)
        return experiment_from_proto(self._call(self._experiments.CreateExperiment, request).experiment)

    def propose_start(self, experiment_id: str, *, reason: str, request_id: str, on_behalf_of: str) -> str:
        """Proposes to start an experiment; returns the change request's id.

        Args:
            experiment_id: Names it.
            reason: For reviewers.
            request_id: Makes it idempotent.
            on_behalf_of: Who asked for it, and hence cannot approve it.

        Raises:
            FailedPrecondition: INVALID_STATE: it is no draft any more.
            PermissionDenied: PERMISSION_DENIED: the token is no agent's.
            PlatformError: As review says.
        """
        change = pb.Change(start=pb.StartChange())
        return self._propose(experiment_id, change, reason=reason, request_id=request_id, on_behalf_of=on_behalf_of)

    def propose_decision(self, analysis: AnalysisRecord, *, request_id: str) -> str:
        """Proposes what an analysis decides, unless that is asked for already.

        Returns:
            The id of the change request, of an open one that asks for the same where there is one; empty where the
            decision changes nothing, or the experiment is not one of review's or not under way.

        Raises:
            FailedPrecondition: INVALID_STATE: the experiment has just been stopped.
            PermissionDenied: PERMISSION_DENIED: the token is no agent's.
            PlatformError: As review says.
        """
        change = change_of(analysis)
        if change is None:
            return ""
        state = self._state(analysis.experiment_id)
        if state is None:
            return ""
        earlier = self._asked_for(analysis, change)
        if earlier or state not in _UNDER_WAY:
            return earlier
        return self._propose(
            analysis.experiment_id,
            change,
            reason=reason_of(analysis),
            request_id=request_id,
            on_behalf_of=analysis.asked_by,
        )

    def _propose(
        self, experiment_id: str, change: pb.Change, *, reason: str, request_id: str, on_behalf_of: str
    ) -> str:
        request = pb.ProposeChangeRequest(
            experiment_id=experiment_id, change=change, reason=reason, on_behalf_of=on_behalf_of
        )
        tried = pb.ProposeChangeRequest()
        tried.CopyFrom(request)
        tried.validate_only = True
        try:
            outcome = self._call(self._experiments.ProposeChange, tried).change_request.state
        except FailedPrecondition:
            # A retry of what has been applied meanwhile: its own request id knows.
            outcome = pb.CHANGE_REQUEST_STATE_PENDING
        if outcome != pb.CHANGE_REQUEST_STATE_PENDING:
            raise PermissionDenied(
                Reason.PERMISSION_DENIED,
                "the token for review is no agent's: what it proposes would take effect without anybody's approval",
                metadata={"experiment_id": experiment_id},
            )
        request.request_id = request_id
        return self._call(self._experiments.ProposeChange, request).change_request.change_request_id

    def _state(self, experiment_id: str) -> common_pb2.ExperimentState.ValueType | None:
        """Returns where the experiment stands; None: there is none."""
        try:
            found = self._call(self._experiments.GetExperiment, pb.GetExperimentRequest(experiment_id=experiment_id))
        except NotFound:
            return None
        return found.experiment.state

    def _asked_for(self, analysis: AnalysisRecord, change: pb.Change) -> str:
        """Returns the request that this analysis opened before, or an open one for the same change; empty: none."""
        kept = review_service_pb2.ChangeRequestFilter(experiment_id=analysis.experiment_id)
        request = review_service_pb2.ListChangeRequestsRequest(filter=kept, page_size=_LOOKED_AT)
        for one in self._call(self._reviews.ListChangeRequests, request).change_requests:
            its_own = one.reason.startswith(mark_of(analysis))
            if its_own or (one.state in _OPEN and one.change == change):
                return one.change_request_id
        return ""

    def _call(self, method: Callable[..., _Response], request: _Request) -> _Response:
        return client.call(method, request, timeout_seconds=self._timeout_seconds)  # type: ignore[arg-type]
