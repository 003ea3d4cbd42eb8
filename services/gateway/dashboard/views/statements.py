"""Sentences of the AI with what bears them, and who put them into words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from experimentation.v1 import analysis_pb2
from services.gateway.dashboard import formatting
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.messages import enum_words

_PROVIDERS: Final = {
    analysis_pb2.AI_PROVIDER_ANTHROPIC: "Words by Claude",
    analysis_pb2.AI_PROVIDER_HEURISTIC: "Words by the statistics engine",
    analysis_pb2.AI_PROVIDER_REPLAY: "Recorded words",
}
_GROUNDINGS: Final = {
    analysis_pb2.GROUNDING_CLEAN: Badge("Every claim borne by evidence", "good", "✓"),
    analysis_pb2.GROUNDING_REPAIRED: Badge("Borne by evidence after one repair", "good", "✓"),
    analysis_pb2.GROUNDING_REDUCED: Badge("Claims without evidence were dropped", "warn", "!"),
    analysis_pb2.GROUNDING_REWORDED: Badge("Borne by evidence, in part in the engine's words", "good", "✓"),
}
_FALLBACKS: Final = {
    analysis_pb2.FALLBACK_REASON_NO_KEY: "no language model is configured",
    analysis_pb2.FALLBACK_REASON_BUDGET_SPENT: "the day's budget is spent",
    analysis_pb2.FALLBACK_REASON_NOT_GROUNDED: "too little of the model's answer was borne by the evidence",
}


@dataclass(frozen=True, slots=True)
class StatementView:
    """Is a sentence, and the ids of the facts that bear it."""

    text: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProvenanceView:
    """Says who put an answer into words, and how that went."""

    label: str
    model: str
    fallback: str
    grounding: Badge
    dropped: int
    reworded: int
    evidence_sha256: str


def statement(message: analysis_pb2.Statement) -> StatementView:
    """Returns a sentence."""
    return StatementView(message.text, tuple(message.evidence_ids))


def statements(messages: Iterable[analysis_pb2.Statement]) -> tuple[StatementView, ...]:
    """Returns sentences, those that are empty left out."""
    return tuple(statement(message) for message in messages if message.text)


def provenance(message: analysis_pb2.Provenance) -> ProvenanceView:
    """Returns who put an answer into words."""
    reason = message.fallback_reason
    said = _FALLBACKS.get(reason, enum_words(analysis_pb2.FallbackReason.DESCRIPTOR, reason)) if reason else ""
    return ProvenanceView(
        label=_PROVIDERS.get(message.provider, "Words by an unknown provider"),
        model=message.model or formatting.NOTHING,
        fallback=said,
        grounding=_GROUNDINGS.get(message.grounding, Badge("Not checked")),
        dropped=message.dropped_claim_count,
        reworded=message.reworded_claim_count,
        evidence_sha256=message.evidence_sha256,
    )
