"""R4 for what is, without an experiment: a segment's gap is no fall, a trend no gap, and the rest the reference."""

from collections.abc import Iterator
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Claim
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.kinds import DESCRIPTIVE, FactKind
from services.ai.domain.grounding.reading import Reading, TokenKind
from services.ai.domain.grounding.rules.engine_view import cited

_STANDING: Final = lexicon.words(
    """lower higher below above behind ahead worse better smaller greater weaker negative positive bad good unfavourable
    unfavorable favourable favorable unwelcome welcome inferior superior trail trails trailing lag lags lagging
    underperform underperforms underperforming outperform outperforms outperforming exceed exceeds exceeding"""
)
"""Words for how things stand, not for what became of them."""
_SENSES: Final = lexicon.UP | lexicon.DOWN | lexicon.BETTER | lexicon.WORSE
_REST: Final = lexicon.words("rest remainder others other elsewhere")
_BECOMING: Final = lexicon.words(
    """become becomes became get gets got getting recently recent lately trend trends trending turned turns now period
    today latest differ differs differed"""
)
_COMPARING: Final = lexicon.words(
    """gap gaps rest remainder other others elsewhere than behind trail trails trailing trailed lag lags lagging lagged
    compared_with relative_to versus vs against"""
)


def misread(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[str]:
    """Returns words that make a gap of a segment a change in time, or a trend a gap."""
    kinds = {fact.kind for fact in cited(claim, pack) if fact.subject == claim.subject} & DESCRIPTIVE
    if claim.arm or not kinds:
        return
    wrong = frozenset[str]()
    if FactKind.TREND not in kinds and claim.subject:
        wrong = (_SENSES - _STANDING) | _BECOMING
    if kinds == {FactKind.TREND} and not claim.subject:
        wrong = _COMPARING
    yield from (token.text for token in reading.words(wrong))
    if claim.subject:
        yield from _leading(reading)


def _leading(reading: Reading) -> Iterator[str]:
    """Yields the rest where it is not what the segment is compared with: `the rest is lower`."""
    for index, token in enumerate(reading.tokens):
        if token.kind is TokenKind.WORD and token.text in _REST:
            before = {one.text for one in reading.tokens[max(0, index - 4) : index] if one.clause == token.clause}
            if not before & (lexicon.REFERENCE | {"to", "of", "among"}):
                yield f"{token.text} as the subject"
