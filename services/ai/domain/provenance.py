"""Who put an answer into words, and how that went."""

from dataclasses import dataclass
from enum import StrEnum

from services.ai.domain.asking import FallbackReason, ProviderName


class Grounding(StrEnum):
    """Says how an answer stood the check: as it was, repaired, with claims dropped, or told in the engine's words."""

    CLEAN = "CLEAN"
    REPAIRED = "REPAIRED"
    REDUCED = "REDUCED"
    REWORDED = "REWORDED"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Says how the words of an answer came about.

    Attributes:
        model: As it named itself; "engine": the heuristic provider.
        evidence_sha256: Of the pack that everything said rests on.
        prompt_version: Of the instructions that a language model was given.
        fallback_reason: Why another provider than the configured one answered; None: it did itself.
        dropped_claim_count: Claims that the check dropped.
        reworded_claim_count: Claims that are told in the engine's words, as their own were not shown to be right.
    """

    provider: ProviderName
    model: str
    grounding: Grounding
    evidence_sha256: str
    prompt_version: str
    fallback_reason: FallbackReason | None = None
    dropped_claim_count: int = 0
    reworded_claim_count: int = 0
