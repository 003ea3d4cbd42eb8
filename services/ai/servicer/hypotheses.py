"""The RPCs of hypotheses: convert, call one use case, convert."""

import grpc

from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.convert import hypotheses as convert
from services.ai.convert import requests
from services.ai.service.hypotheses import HypothesisService, HypothesisVerdict
from shared.rpc import caller


class HypothesisServicer:
    """Answers GetHypothesis, ListHypotheses and ReviewHypothesis; every error is a PlatformError."""

    def __init__(self, service: HypothesisService) -> None:
        self._service = service

    def GetHypothesis(
        self, request: pb.GetHypothesisRequest, _context: grpc.ServicerContext
    ) -> pb.GetHypothesisResponse:
        """Returns one hypothesis."""
        requests.document(request)
        return pb.GetHypothesisResponse(hypothesis=convert.to_proto(self._service.get(request.hypothesis_id)))

    def ListHypotheses(
        self, request: pb.ListHypothesesRequest, _context: grpc.ServicerContext
    ) -> pb.ListHypothesesResponse:
        """Lists hypotheses."""
        kept, after = convert.kept(request), convert.cursor(request)
        page = self._service.list_hypotheses(kept, after=after, limit=requests.page_size(request.page_size))
        return convert.page_to_proto(page, request)

    def ReviewHypothesis(
        self, request: pb.ReviewHypothesisRequest, _context: grpc.ServicerContext
    ) -> pb.ReviewHypothesisResponse:
        """Accepts or rejects a hypothesis."""
        key = requests.key(request, caller.current().principal_id)
        verdict = HypothesisVerdict(convert.event(request), request.reason, request.etag)
        reviewed = self._service.review(request.hypothesis_id, verdict, key=key)
        return pb.ReviewHypothesisResponse(hypothesis=convert.to_proto(reviewed))
