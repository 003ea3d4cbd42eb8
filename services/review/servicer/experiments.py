"""ExperimentService over gRPC: convert, call one use case, convert."""

import grpc

from experimentation.v1 import experiment_service_pb2 as pb
from services.review.convert import experiments as convert
from services.review.service import reviewers
from services.review.service.experiments import ExperimentService
from services.review.service.proposals import ProposalService
from services.review.servicer import halting
from shared.definition.convert import experiment_to_proto
from shared.rpc import caller, pagination


class ExperimentServicer:
    """Answers the RPCs of ExperimentService; every error is a PlatformError, as its proto lists them."""

    def __init__(
        self, service: ExperimentService, proposals: ProposalService, *, on_denied: halting.OnDenied = halting.to_nobody
    ) -> None:
        self._on_denied = on_denied
        self._service = service
        self._proposals = proposals

    def CreateExperiment(
        self, request: pb.CreateExperimentRequest, _context: grpc.ServicerContext
    ) -> pb.CreateExperimentResponse:
        """Creates an experiment."""
        experiment, key = convert.creation(request)
        actor = caller.current().principal_id
        created = self._service.create(experiment, actor=actor, key=key, validate_only=request.validate_only)
        return pb.CreateExperimentResponse(experiment=experiment_to_proto(created))

    def GetExperiment(
        self, request: pb.GetExperimentRequest, _context: grpc.ServicerContext
    ) -> pb.GetExperimentResponse:
        """Returns one experiment."""
        experiment = self._service.get(convert.experiment_id(request))
        return pb.GetExperimentResponse(experiment=experiment_to_proto(experiment))

    def ListExperiments(
        self, request: pb.ListExperimentsRequest, _context: grpc.ServicerContext
    ) -> pb.ListExperimentsResponse:
        """Lists experiments."""
        kept, after = convert.experiment_filter(request), convert.experiment_cursor(request)
        page = self._service.list_experiments(kept, after=after, limit=pagination.page_size(request.page_size))
        return convert.experiments_to_proto(page, request)

    def ProposeChange(
        self, request: pb.ProposeChangeRequest, _context: grpc.ServicerContext
    ) -> pb.ProposeChangeResponse:
        """Proposes a change."""
        halting.require_permission(
            request.change,
            "change_request.propose",
            self._on_denied,
            control=lambda: self._service.get(request.experiment_id).control.arm_id,
        )
        author = reviewers.author(caller.current().principal)
        return convert.outcome_to_proto(self._proposals.propose(convert.proposal(request, author=author)))

    def ListRevisions(
        self, request: pb.ListRevisionsRequest, _context: grpc.ServicerContext
    ) -> pb.ListRevisionsResponse:
        """Lists the revisions of an experiment."""
        before, limit = convert.revision_cursor(request), pagination.page_size(request.page_size)
        page = self._service.list_revisions(request.experiment_id, before=before, limit=limit)
        return convert.revisions_to_proto(page, request)
