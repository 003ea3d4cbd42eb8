"""R4: no part of the units, no other thing and no other time in the place of what the claim is about."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from services.ai.domain.grounding.claims import Claim, ClaimKind
from services.ai.domain.grounding.lexicon import words
from services.ai.domain.grounding.reading import Reading, TokenKind

_UNITS: Final = words("unit units user users visitor visitors customer customers session sessions")
_KINDS_OF_UNITS: Final = words(
    """new newer newest old older oldest other another some several different few certain typical usual ordinary
    individual first last late early earlier recent former previous particular common different available eligible"""
)
_MAKING: Final = words("make makes made making bring brings brought cause causes drive drives drove push pushes pushed")
_THEN: Final = words("before earlier previously again once formerly")
_MORE: Final = words("more fewer less")
_SPANS: Final = words("week day")
_ONE: Final = words("a an per each every one")


def subsets(claim: Claim, reading: Reading) -> Iterator[str]:
    """Returns words for a sort of units, for another time, and for what a segment is said to do."""
    segment = claim.subject.startswith("S")
    for token, after in pairwise(reading.tokens):
        if after.kind is TokenKind.WORD and after.text in _UNITS and token.text in _KINDS_OF_UNITS and not segment:
            yield f"{token.text} {after.text}"
        if token.text in ("wide", "narrow", "larger", "small") and after.text == "margin":
            yield f"{token.text} margin"
        span = after.kind is TokenKind.WORD and after.text in _SPANS and token.text in _ONE
        if span and claim.kind is not ClaimKind.POWER:
            yield f"{token.text} {after.text}"
    if segment:
        yield from (token.text for token in reading.words(_MAKING | {"planned", "plan"}))
    if claim.kind is ClaimKind.ALLOCATION:
        yield from (token.text for token in reading.words(_THEN | _MORE))
