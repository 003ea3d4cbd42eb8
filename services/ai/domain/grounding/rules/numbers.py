"""R3: numbers are never written, they are slots; and slots are well-formed, cited, and of a format that fits."""

import unicodedata
from collections.abc import Iterator

from services.ai.domain.grounding.claims import Claim, Recommendation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.lexicon import ALLOWED_NUMBER_PHRASES, NUMBER_WORDS
from services.ai.domain.grounding.reading import Reading, TokenKind
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from services.ai.domain.grounding.slots import FORMATS, SLOT

_SIGNS = "%\u2030\u2031\uff05\u066a"


def number(_: Claim | Recommendation, reading: Reading, __: EvidencePack) -> Iterator[Violation]:
    """Yields digits of any script, percent and currency signs, and number words outside slots and registered names."""
    for character in reading.outside_slots:
        if character in _SIGNS or unicodedata.category(character) in ("Nd", "Nl", "No", "Sc"):
            yield Violation("text", RuleId.NUMBER, character, ("a slot",))
    for token in reading.tokens:
        if token.kind is TokenKind.WORD and token.text not in ALLOWED_NUMBER_PHRASES and _counts(token.text):
            yield Violation("text", RuleId.NUMBER, token.text, ("a slot",))


def slot(claim: Claim | Recommendation, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields slots that are malformed, not cited, unknown, or in a format that the fact's unit does not have."""
    rest = SLOT.sub("", reading.text)
    if "{" in rest or "}" in rest:
        yield Violation("text", RuleId.SLOT, "braces", ("{{E1}}", "{{E1|pct1}}", "{{M1}}"))
    for alias, style in SLOT.findall(reading.text):
        if alias[0] != "E":
            yield from _check_name(alias, style, pack)
        elif alias not in claim.evidence_ids or alias not in pack.fact_by_id:
            yield Violation("text", RuleId.SLOT, alias, claim.evidence_ids)
        elif style and style not in (styles := FORMATS[pack.fact_by_id[alias].unit]):
            yield Violation("text", RuleId.SLOT, f"{alias}|{style}", styles)


def _check_name(alias: str, style: str, pack: EvidencePack) -> Iterator[Violation]:
    if style:
        yield Violation("text", RuleId.SLOT, f"{alias}|{style}", (alias,))
    if alias not in pack.ref_by_alias:
        yield Violation("text", RuleId.SLOT, alias, tuple(pack.ref_by_alias))


def _counts(word: str) -> bool:
    return any(part in NUMBER_WORDS for part in (word, *word.replace("_", "-").split("-")))
