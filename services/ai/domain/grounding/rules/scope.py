"""R4: a text names the metric and the arms of its claim, no others, each in its place: `A beat B` is not `B beat A`."""

from collections.abc import Iterator
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Claim, ClaimKind, Relation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.reading import Reading, Token, TokenKind
from services.ai.domain.grounding.rules.engine_view import DIRECTED, baseline_of
from services.ai.domain.grounding.rules.violation import RuleId, Violation

_SKIPPED: Final = lexicon.words(
    "a an the in for of with under on at that those its arm variant units users visitors customers sessions this is "
    "was mean average ' \u2019 \u201c"
)


def scope(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields names of other things, names that are missing, and arms on the wrong side of a comparison."""
    baseline = baseline_of(claim, pack)
    named = [token.text for _, token in reading.names()]
    allowed = {claim.metric, claim.arm, claim.subject, baseline} - {""}
    if claim.kind is ClaimKind.HEALTH and not claim.arm and {one.alias for one in pack.arms} <= set(named):
        allowed |= {one.alias for one in pack.arms}
    for alias in sorted(set(named) - allowed):
        yield Violation("text", RuleId.SCOPE, alias, tuple(sorted(allowed)))
    for alias in _wanted(claim, pack):
        if alias not in named:
            yield Violation("text", RuleId.SCOPE, f"{alias} is not named", (f"{{{{{alias}}}}}",))
    if claim.arm and (claim.relation in DIRECTED or claim.relation in (Relation.HIGHEST, Relation.LOWEST)):
        yield from _sides(claim.arm, baseline, reading)
    if claim.subject.startswith("S") and claim.relation in DIRECTED:
        yield from _sides(claim.subject, "", reading)


def _wanted(claim: Claim, pack: EvidencePack) -> Iterator[str]:
    """Yields what a reader has to be told; with one treatment alone the arm goes without saying."""
    yield from (claim.metric,) if claim.metric else ()
    yield from (claim.subject,) if claim.subject else ()
    if claim.arm and (len(pack.arms) > 2 or claim.baseline not in ("", pack.control)):
        yield claim.arm


def _sides(arm: str, baseline: str, reading: Reading) -> Iterator[Violation]:
    for index, token in reading.names():
        if token.text == baseline and not _is_reference(index, reading.tokens, arm, baseline, reading):
            yield Violation("text", RuleId.SCOPE, f"{baseline} as the subject", (f"compared with {baseline}",))
        if token.text == arm and _is_reference(index, reading.tokens, arm, baseline, reading):
            yield Violation("text", RuleId.SCOPE, f"{arm} as the reference", (f"{arm} as the subject",))


def _is_reference(index: int, tokens: tuple[Token, ...], arm: str, baseline: str, reading: Reading) -> bool:
    """Says whether a name stands where the thing compared with stands."""
    at = index - 1
    while at >= 0 and tokens[at].kind in (TokenKind.WORD, TokenKind.MARK) and tokens[at].text in _SKIPPED:
        at -= 1
    if at < 0:
        return False
    if tokens[at].kind is TokenKind.SLOT:
        return any(where == at and fact.arm == baseline for where, fact in reading.facts)
    if tokens[at].text == "and":
        return tokens[at - 1].text == arm and any(one.text == "between" for one in tokens[:at])
    return tokens[at].kind is TokenKind.WORD and tokens[at].text in lexicon.REFERENCE
