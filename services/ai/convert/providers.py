"""What was found of providers, as messages."""

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.convert import enums
from services.ai.service.provider_check import CheckedProvider


def checked_to_proto(found: CheckedProvider) -> pb.CheckProviderResponse:
    """Returns what a check found as a response."""
    return pb.CheckProviderResponse(
        provider=enums.number(analysis_pb2.AiProvider, "AI_PROVIDER", found.provider),
        ok=found.ok,
        model=found.model,
        message=found.message,
        fallback_reason=enums.number(analysis_pb2.FallbackReason, "FALLBACK_REASON", found.fallback_reason),
        duration_seconds=found.seconds,
        cost_usd=found.cost_usd,
        budget_left_usd=found.budget_left_usd,
    )
