"""R4 for an arm's effect in a segment: it is told as being there, and nothing is said of where else there is one."""

from collections.abc import Iterator
from typing import Final

from services.ai.domain.grounding.claims import Claim, Recommendation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.lexicon import words
from services.ai.domain.grounding.reading import Reading, TokenKind
from services.ai.domain.grounding.rules.violation import RuleId, Violation

_PLACES: Final = words("in for within among of on")
_SKIPPED: Final = words("the segment units users visitors customers sessions")
_BARRED: Final = words("not only except but even also just mostly mainly most less more all any each every")
"""Before a place these say something of other places."""
_ELSEWHERE: Final = words(
    """rest remainder other others elsewhere alone only mainly mostly partly particularly particular generally usually
    typically part parts portion portions fraction fractions group groups cohort population except without beyond while
    whereas but same also both each every all any twice weaker stronger largest smallest here too even unlike less
    differ differs differed different segments"""
)


def effects_in_segments(claim: Claim, reading: Reading) -> Iterator[str]:
    """Returns words that make an effect in a segment one outside it, one of it alone, or one unlike the others."""
    if not (claim.arm and claim.subject.startswith("S")):
        return
    yield from (token.text for token in reading.words(_ELSEWHERE))
    for index, token in reading.names():
        if token.text == claim.subject and not _is_placed(index, reading):
            yield f"{token.text} in the wrong place"


def advice_on_segments(_: Recommendation, reading: Reading, __: EvidencePack) -> Iterator[Violation]:
    """Yields segments in an advice: nothing is decided of them."""
    for _index, token in reading.names():
        if token.text.startswith("S"):
            yield Violation("text", RuleId.SCOPE, token.text, ("the experiment as a whole",))


def _is_placed(index: int, reading: Reading) -> bool:
    """Says whether a segment is told as where something is: `in {{S1}}`, and not `except in {{S1}}`."""
    at = index - 1
    while at >= 0 and reading.tokens[at].text in _SKIPPED:
        at -= 1
    if at < 0 or reading.tokens[at].kind is not TokenKind.WORD or reading.tokens[at].text not in _PLACES:
        return False
    return at == 0 or reading.tokens[at - 1].text not in _BARRED
