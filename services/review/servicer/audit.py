"""AuditService over gRPC: convert, call one use case, convert."""

import grpc

from experimentation.v1 import audit_service_pb2 as pb
from services.review.convert import audit as convert
from services.review.convert import requests
from services.review.service.audit import AuditService
from shared.rpc import pagination


class AuditServicer:
    """Answers the RPCs of AuditService; every error is a PlatformError, as its proto lists them."""

    def __init__(self, service: AuditService) -> None:
        self._service = service

    def ListAuditEvents(
        self, request: pb.ListAuditEventsRequest, _context: grpc.ServicerContext
    ) -> pb.ListAuditEventsResponse:
        """Lists audit events."""
        page = self._service.list_events(
            convert.kept(request),
            before=convert.before(request),
            limit=pagination.page_size(request.page_size),
            newest_first=request.newest_first,
        )
        return convert.page_to_proto(page, request)

    def VerifyAuditChain(
        self, request: pb.VerifyAuditChainRequest, _context: grpc.ServicerContext
    ) -> pb.VerifyAuditChainResponse:
        """Recomputes the hashes of the log."""
        requests.document(request)
        return convert.verification_to_proto(self._service.verify(request.known_sequence, request.known_hash))
