"""How answers came about, and the sentences that they consist of, as messages."""

from collections.abc import Iterable

from experimentation.v1 import analysis_pb2 as pb
from services.ai.convert import enums
from services.ai.domain.grounding.rendering import Statement
from services.ai.domain.provenance import Provenance


def to_proto(provenance: Provenance | None) -> pb.Provenance | None:
    """Returns the provenance as a message; None stays None."""
    if provenance is None:
        return None
    return pb.Provenance(
        provider=enums.number(pb.AiProvider, "AI_PROVIDER", provenance.provider),
        model=provenance.model,
        fallback_reason=enums.number(pb.FallbackReason, "FALLBACK_REASON", provenance.fallback_reason),
        grounding=enums.number(pb.Grounding, "GROUNDING", provenance.grounding),
        dropped_claim_count=provenance.dropped_claim_count,
        evidence_sha256=provenance.evidence_sha256,
        prompt_version=provenance.prompt_version,
        reworded_claim_count=provenance.reworded_claim_count,
    )


def statement_to_proto(statement: Statement) -> pb.Statement:
    """Returns the sentence as a message."""
    return pb.Statement(
        text=statement.text,
        evidence_ids=statement.evidence_ids,
        kind=enums.number(pb.StatementKind, "STATEMENT_KIND", statement.kind),
    )


def statements_to_proto(statements: Iterable[Statement]) -> list[pb.Statement]:
    """Returns the sentences as messages."""
    return [statement_to_proto(one) for one in statements]
