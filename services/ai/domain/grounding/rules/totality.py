"""R4: no `all`, `any`, `each` or `only` that nothing bears: what holds on the whole need not hold of every part."""

from collections.abc import Iterator
from typing import Final

from services.ai.domain.grounding.claims import Claim, ClaimKind, Relation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.lexicon import words
from services.ai.domain.grounding.reading import Reading, Token, TokenKind

_TOTALS: Final = frozenset({FactKind.TOTAL_UNITS, FactKind.EXPOSURES})
_RANKS: Final = frozenset({Relation.HIGHEST, Relation.LOWEST})
_OF_ARMS: Final = frozenset({ClaimKind.POWER, ClaimKind.HEALTH, ClaimKind.CAVEAT})
_WHOLES: Final = words("interval intervals range band above_zero below_zero")
_LISTED: Final = words(
    "experiment experiments test tests arm arms segment segments unit units user users version versions metric metrics"
)
_SUBSETS: Final = words("segment segments group groups cohort cohorts population some_units")


def totalities(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[str]:
    """Returns words that make a claim one of everything, or of a part alone, where no fact bears that."""
    sums = any(fact.kind in _TOTALS for _, fact in reading.facts)
    for index, token in enumerate(reading.tokens):
        if token.kind is TokenKind.WORD and not sums and _is_too_wide(index, token, reading, claim):
            yield token.text
    if not claim.subject.startswith("S"):
        yield from (token.text for token in reading.words(_SUBSETS))
    yield from _most(claim, reading, pack)


def _is_too_wide(index: int, token: Token, reading: Reading, claim: Claim) -> bool:
    before, after = _text(index - 1, reading), _text(index + 1, reading)
    of_arms = claim.kind in _OF_ARMS
    wide = {
        "any": token.text == "any" and _is_any_too_wide(index, token, reading, claim),
        **dict.fromkeys(("whole", "entire", "wholly", "entirely"), after not in _WHOLES),
        **dict.fromkeys(("each", "both"), not (of_arms and after in ("arm", "arms")) and before != "per"),
        **dict.fromkeys(("alone", "exclusively", "solely"), True),
        "only": claim.kind is ClaimKind.ALLOCATION and not _is_slot(index + 1, reading),
        "of_all": claim.relation not in _RANKS,
        "all_units": not _is_share_of_all(index, reading),
        "all_arms": not (_is_share_of_all(index, reading) or of_arms or claim.relation in _RANKS),
    }
    return wide.get(token.text, False)


def _is_any_too_wide(index: int, token: Token, reading: Reading, claim: Claim) -> bool:
    after = _text(index + 1, reading)
    others = after == "other" and claim.relation in _RANKS and _text(index + 2, reading) in ("arm", "variant")
    looks = after == "look" or (after == "time" and claim.kind is ClaimKind.POWER)
    spared = token.negated or others or looks or "whether" in reading.clause_words(token.clause)
    return after in _LISTED or not spared


def _is_share_of_all(index: int, reading: Reading) -> bool:
    """Says whether the units are those of which a figure is the share: `{{E1}} of all units`."""
    share = _is_slot(index - 2, reading) or (_text(index + 1, reading) == "," and _is_slot(index + 2, reading))
    return _text(index - 1, reading) in ("of", "across") and share


def _most(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[str]:
    """Yields `most` of the traffic where it is not more than half of it."""
    if claim.kind is not ClaimKind.ALLOCATION:
        return
    shares = [fact.value for fact in pack.facts if (fact.kind, fact.arm) == (FactKind.ALLOCATION, claim.arm)]
    for token in reading.words({"most", "mainly", "mostly"}):
        figure = any(fact.kind is FactKind.ALLOCATION for _, fact in reading.facts)
        if not shares or shares[0] <= 0.5 or not figure or "rest" in reading.clause_words(token.clause):
            yield token.text


def _text(index: int, reading: Reading) -> str:
    return reading.tokens[index].text if 0 <= index < len(reading.tokens) else ""


def _is_slot(index: int, reading: Reading) -> bool:
    return 0 <= index < len(reading.tokens) and reading.tokens[index].kind is TokenKind.SLOT
