"""R3: plain text in one sentence, in letters that are what they look like."""

import re
from collections.abc import Iterator
from typing import Final

from services.ai.domain.grounding.claims import Claim, Recommendation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.reading import Reading
from services.ai.domain.grounding.rules.violation import RuleId, Violation

TEXT_LENGTH: Final = 400
SEVERAL_SENTENCES: Final = "several sentences"
_PLAIN: Final = re.compile(r"[A-Za-z0-9 .,;:()'\"\u2019\u201c\u201d\u2013\u2014\-{}|%$\u20ac\u00a3]")
_LINK: Final = re.compile(r"\w\.\w|\bwww\b|\bhttps?\b|\bmailto\b", re.IGNORECASE)
_SENTENCES: Final = re.compile(r"\.+[\"')\u201d]*\s+\S")


def markup(_: Claim | Recommendation, reading: Reading, __: EvidencePack) -> Iterator[Violation]:
    """Yields characters that plain text does not need, links, several sentences, no text and too much of it."""
    text = reading.outside_slots
    for character in sorted(set(_PLAIN.sub("", text))):
        yield Violation("text", RuleId.MARKUP, f"U+{ord(character):04X}", ("plain text",))
    if found := _LINK.search(text):
        yield Violation("text", RuleId.MARKUP, found[0], ("no links",))
    if _SENTENCES.search(text):
        yield Violation("text", RuleId.MARKUP, SEVERAL_SENTENCES, ("one sentence",))
    if not text.strip() or len(reading.text) > TEXT_LENGTH:
        yield Violation("text", RuleId.MARKUP, f"{len(reading.text)} characters", (f"1 to {TEXT_LENGTH}",))
