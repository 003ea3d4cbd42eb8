"""The RPCs of analyses and evidence: convert, call one use case, convert."""

import grpc

from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.convert import analyses as convert
from services.ai.convert import evidence, requests
from services.ai.service.analyses import AnalysisReader


class AnalysesServicer:
    """Answers GetAnalysis, ListAnalyses and GetEvidence; every error is a PlatformError."""

    def __init__(self, service: AnalysisReader) -> None:
        self._service = service

    def GetAnalysis(self, request: pb.GetAnalysisRequest, _context: grpc.ServicerContext) -> pb.GetAnalysisResponse:
        """Returns one analysis."""
        requests.document(request)
        return pb.GetAnalysisResponse(analysis=convert.to_proto(self._service.get(request.analysis_id)))

    def ListAnalyses(self, request: pb.ListAnalysesRequest, _context: grpc.ServicerContext) -> pb.ListAnalysesResponse:
        """Lists analyses, newest first."""
        kept, after = convert.kept(request), requests.cursor(request)
        page = self._service.list_analyses(kept, after=after, limit=requests.page_size(request.page_size))
        return convert.page_to_proto(page, request)

    def GetEvidence(self, request: pb.GetEvidenceRequest, _context: grpc.ServicerContext) -> pb.GetEvidenceResponse:
        """Returns what an answer rests on."""
        return pb.GetEvidenceResponse(evidence_pack=evidence.to_proto(self._service.evidence(request.sha256)))
