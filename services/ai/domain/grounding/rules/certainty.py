"""R5: how sure a claim may be, how sure its words may sound, and that failed health checks are told."""

from collections.abc import Iterator, Sequence

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Certainty, Claim, ClaimKind
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.reading import Reading
from services.ai.domain.grounding.rules.engine_view import DIRECTED, ceiling, lowered
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from shared.statistics.health.finding import Status


def certainty(claim: Claim, _: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields a certainty above the ceiling; the claim is kept with the ceiling's."""
    if claim.relation in DIRECTED and lowered(claim, pack) is not claim.certainty:
        yield Violation("certainty", RuleId.CERTAINTY, claim.certainty, (ceiling(claim, pack),))


def assurance(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields words that sound surer than the claim is, or deny what is established."""
    sure = claim.relation in DIRECTED and lowered(claim, pack) is Certainty.ESTABLISHED
    denied = {token.clause for token in reading.words(lexicon.ASSERTIVE) if token.negated}
    for token in reading.words(lexicon.ASSERTIVE):
        # `The evidence is not conclusive` has a word of certainty before its negator.
        spared = not sure and token.text == "evidence" and token.clause in denied
        if token.negated is sure and not spared:
            yield Violation("text", RuleId.ASSURANCE, token.text, (claim.certainty,))
    if claim.relation in DIRECTED and sure:
        yield from (
            Violation("text", RuleId.ASSURANCE, one.text) for one in reading.words(lexicon.UNDECIDED | lexicon.CAUTIOUS)
        )


def caveats(claims: Sequence[Claim], pack: EvidencePack) -> Iterator[Violation]:
    """Yields failed health checks that no claim tells of."""
    told = {(claim.check, claim.arm) for claim in claims if claim.kind is ClaimKind.HEALTH}
    for one in pack.health:
        if one.status is Status.FAIL and (one.check, one.arm) not in told:
            yield Violation("statements", RuleId.CAVEAT, "not told", (one.check,))
