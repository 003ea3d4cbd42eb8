"""The RPC on what came of suggestions: convert, call one use case, convert."""

import grpc

from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.convert import effectiveness as convert
from services.ai.service.effectiveness import EffectivenessReader


class EffectivenessServicer:
    """Answers GetEffectiveness; every error is a PlatformError."""

    def __init__(self, reader: EffectivenessReader) -> None:
        self._reader = reader

    def GetEffectiveness(
        self, request: pb.GetEffectivenessRequest, _context: grpc.ServicerContext
    ) -> pb.GetEffectivenessResponse:
        """Says what came of what was suggested."""
        return convert.to_proto(self._reader.report(convert.since(request)))
