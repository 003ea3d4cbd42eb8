"""R10: what is supposed of mechanisms stays in the rationale; it claims no results, and knows nobody's feelings."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Claim, ClaimKind, Recommendation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.reading import Reading, TokenKind
from services.ai.domain.grounding.rules.violation import RuleId, Violation

_CONNECTIVES: Final = lexicon.words("because since why cause causes reason reasons")
_RESULTS: Final = lexicon.ASSERTIVE | lexicon.UP | lexicon.DOWN | lexicon.BETTER | lexicon.WORSE


def mechanism(claim: Claim | Recommendation, reading: Reading, _: EvidencePack) -> Iterator[Violation]:
    """Yields causal stories and feelings in a claim or an advice; caveats and advice may say why by what is known."""
    may_say_why = isinstance(claim, Recommendation) or claim.kind is ClaimKind.CAVEAT
    spared = _CONNECTIVES if may_say_why else frozenset()
    if may_say_why or (isinstance(claim, Claim) and claim.kind is ClaimKind.HEALTH):
        spared |= {"explained"} if reading.has({"until", "before"}) else set()
    for mark, token in pairwise(reading.tokens):
        if not may_say_why and mark.text == "," and token.text == "as":
            yield Violation("text", RuleId.RATIONALE, ", as", ("the rationale",))
    for token in reading.words((lexicon.CAUSAL - spared) | lexicon.FEELINGS - {"like"}):
        yield Violation("text", RuleId.RATIONALE, token.text, ("the rationale",))


def rationale(reading: Reading) -> Iterator[Violation]:
    """Yields results and feelings in a rationale: a metric's name beside a word of comparison or significance."""
    has_metric = any(token.text[0] == "M" for _, token in reading.names())
    slots = any(token.kind is TokenKind.SLOT for token in reading.tokens)
    for token in reading.words(_RESULTS):
        if has_metric or token.text in lexicon.ASSERTIVE:
            yield Violation("rationale", RuleId.RATIONALE, token.text)
    for token in reading.words(lexicon.FEELINGS - {"like"}):
        yield Violation("rationale", RuleId.RATIONALE, token.text)
    if slots:
        yield Violation("rationale", RuleId.RATIONALE, "a figure")
