"""The RPCs that ask for jobs: convert, call one use case, convert."""

import grpc

from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.convert import inputs, jobs, requests
from services.ai.domain.jobs import RequestKey
from services.ai.service.requests import JobRequests
from shared.clock import Clock
from shared.rpc import caller


class RequestServicer:
    """Answers SuggestHypotheses, RecommendDesign and AnalyzeExperiment; every error is a PlatformError."""

    def __init__(self, service: JobRequests, *, clock: Clock) -> None:
        self._service = service
        self._clock = clock

    def SuggestHypotheses(
        self, request: pb.SuggestHypothesesRequest, _context: grpc.ServicerContext
    ) -> pb.SuggestHypothesesResponse:
        """Asks for hypotheses."""
        asked = inputs.hypotheses(request)
        job = self._service.suggest_hypotheses(asked, queue=jobs.queue(request.queue), key=_key(request))
        return pb.SuggestHypothesesResponse(job=jobs.to_proto(job))

    def RecommendDesign(
        self, request: pb.RecommendDesignRequest, _context: grpc.ServicerContext
    ) -> pb.RecommendDesignResponse:
        """Asks for a design."""
        asked = inputs.design(request)
        job = self._service.recommend_design(asked, queue=jobs.queue(request.queue), key=_key(request))
        return pb.RecommendDesignResponse(job=jobs.to_proto(job))

    def AnalyzeExperiment(
        self, request: pb.AnalyzeExperimentRequest, _context: grpc.ServicerContext
    ) -> pb.AnalyzeExperimentResponse:
        """Asks for an analysis."""
        asked = inputs.analysis(request, now=self._clock())
        job = self._service.analyze_experiment(asked, queue=jobs.queue(request.queue), key=_key(request))
        return pb.AnalyzeExperimentResponse(job=jobs.to_proto(job))


def _key(request: pb.SuggestHypothesesRequest | pb.RecommendDesignRequest | pb.AnalyzeExperimentRequest) -> RequestKey:
    return requests.key(request, caller.current().principal_id)
