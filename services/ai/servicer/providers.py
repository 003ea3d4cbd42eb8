"""The RPCs on providers: convert, call one use case, convert."""

import grpc

from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.convert import providers as convert
from services.ai.service.provider_check import ProviderCheck


class ProviderServicer:
    """Answers CheckProvider; every error is a PlatformError."""

    def __init__(self, check: ProviderCheck) -> None:
        self._check = check

    def CheckProvider(
        self, _request: pb.CheckProviderRequest, _context: grpc.ServicerContext
    ) -> pb.CheckProviderResponse:
        """Makes one tiny call of the configured provider."""
        return convert.checked_to_proto(self._check.check())
