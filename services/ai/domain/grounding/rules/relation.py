"""R4, typed: the relation is the engine's, and the valence follows from it."""

from collections.abc import Iterator

from services.ai.domain.grounding.claims import Claim
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.reading import Reading
from services.ai.domain.grounding.rules.engine_view import relations, valence_of
from services.ai.domain.grounding.rules.violation import RuleId, Violation


def relation(claim: Claim, _: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields a relation that the engine does not bear."""
    allowed = relations(claim, pack)
    if claim.relation not in allowed:
        yield Violation("relation", RuleId.RELATION, claim.relation, tuple(sorted(allowed)))


def valence(claim: Claim, _: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields a valence that does not follow from the claim's own relation and the wanted direction."""
    right = valence_of(claim.relation, claim.metric, pack)
    if claim.valence is not right:
        yield Violation("valence", RuleId.VALENCE, claim.valence, (right,))
