"""R3: whose a count is, of what it is a part, and what is said of it: `X of Y`, `X units are missing`."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from services.ai.domain.grounding.claims import Claim, ClaimKind, Recommendation
from services.ai.domain.grounding.evidence import Fact
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.lexicon import words
from services.ai.domain.grounding.reading import Reading, Token, TokenKind

_K = FactKind
_COUNTED: Final = frozenset({_K.UNITS, _K.TOTAL_UNITS, _K.EXPOSURES, _K.EFFECTIVE_UNITS})
_PASTS: Final = frozenset({_K.PAST_EXPERIMENTS, _K.PAST_WINS, _K.PAST_LOSSES})
_PLANNED: Final = frozenset({_K.REQUIRED_UNITS, _K.MISSING_UNITS})
_PARTS: Final = frozenset(
    {
        *((_K.PAST_WINS, _K.PAST_EXPERIMENTS), (_K.PAST_LOSSES, _K.PAST_EXPERIMENTS)),
        *((_K.UNITS, _K.REQUIRED_UNITS), (_K.UNITS, _K.TOTAL_UNITS), (_K.MISSING_UNITS, _K.REQUIRED_UNITS)),
        *((_K.EFFECTIVE_UNITS, _K.UNITS), (_K.EFFECTIVE_UNITS, _K.TOTAL_UNITS)),
    }
)
_WHOLES: Final = frozenset({_K.PAST_EXPERIMENTS, _K.REQUIRED_UNITS, _K.TOTAL_UNITS})
_OWNED: Final = frozenset(
    {_K.ALLOCATION, _K.PROBABILITY_BEST, _K.UNITS, _K.MISSING_UNITS, _K.PLANNED_SHARE, _K.EXPECTED_LOSS}
)
_NOUNS: Final = words(
    "units users visitors customers sessions observations experiments tests trials past earlier previous prior"
)
_LINKS: Final = words("of out the its all those planned required only") | _NOUNS
_AUXILIARIES: Final = words("is are was were be been have has had still yet now also that which on in for of the arm")
_SAID_OF: Final[Mapping[str, frozenset[FactKind]]] = {
    **dict.fromkeys(
        words("missing lacking short outstanding remaining remain"), frozenset({_K.MISSING_UNITS, _K.MISSING_DAYS})
    ),
    "below": frozenset({_K.MISSING_UNITS, _K.MISSING_DAYS}),
    **dict.fromkeys(words("above beyond"), frozenset[FactKind]()),
    **dict.fromkeys(words("won win wins successful succeeded"), frozenset({_K.PAST_WINS, _K.WIN_RATE})),
    **dict.fromkeys(words("lost lose loses failed"), frozenset({_K.PAST_LOSSES})),
}
_TOWARD: Final = words("to in for of with under")
_SKIPPED: Final = words("the arm variant a an")


def misplaced(claim: Claim | Recommendation, reading: Reading) -> Iterator[tuple[Fact, str]]:
    """Returns the counts and shares that are told of another arm, as parts of another whole, or wrongly."""
    parts = {whole.evidence_id: part for part, whole in _pairs(reading)}
    for index, fact in reading.facts:
        if fact.kind in _OWNED and fact.arm and (owner := _owner(index, reading.tokens)) not in ("", fact.arm):
            yield fact, f"told of {owner}"
        # Of `X of the Y units are missing` it is X that is said to be missing.
        part, said = parts.get(fact.evidence_id, fact), _predicate(index, reading.tokens)
        if part.kind in _COUNTED | _PASTS | _PLANNED and part.kind not in _SAID_OF.get(said, frozenset({part.kind})):
            yield part, f"said to be {said}"
    yield from _parts(reading)
    yield from _missing(claim, reading)


def is_part_told(reading: Reading) -> bool:
    """Says whether the units that came are told as a part of those that are planned."""
    return any((one.kind, other.kind) == (_K.UNITS, _K.REQUIRED_UNITS) for one, other in _pairs(reading))


def _owner(index: int, tokens: tuple[Token, ...]) -> str:
    """Returns the arm that a figure is told of: `{{E1}} in the control`, else the one that was named last."""
    for at in range(index + 1, len(tokens)):
        token = tokens[at]
        if token.kind is TokenKind.SLOT or token.clause != tokens[index].clause:
            break
        if token.kind is TokenKind.NAME and token.text[0] == "V":
            if _before(at, tokens) in _TOWARD:
                return token.text
            break
    named = [token.text for token in tokens if token.kind is TokenKind.NAME and token.text[0] == "V"]
    before = [token.text for token in tokens[:index] if token.kind is TokenKind.NAME and token.text[0] == "V"]
    return before[-1] if before else named[0] if named else ""


def _before(at: int, tokens: tuple[Token, ...]) -> str:
    at -= 1
    while at > 0 and tokens[at].text in _SKIPPED:
        at -= 1
    return tokens[at].text if at >= 0 else ""


def _predicate(index: int, tokens: tuple[Token, ...]) -> str:
    """Returns what is said of a figure: `{{E1}} units in the control are missing`; empty: nothing that counts."""
    for token in tokens[index + 1 :]:
        skipped = token.kind is TokenKind.NAME or token.text in _NOUNS | _AUXILIARIES
        if not skipped:
            return token.text if token.kind is TokenKind.WORD else ""
    return ""


def _pairs(reading: Reading) -> Iterator[tuple[Fact, Fact]]:
    """Returns what is told as a part and its whole: `{{E1}} of the {{E2}}`."""
    for (at, part), (to, whole) in pairwise(reading.facts):
        between = [token.text for token in reading.tokens[at + 1 : to]]
        if "of" in between and set(between) <= _LINKS:
            yield part, whole


def _parts(reading: Reading) -> Iterator[tuple[Fact, str]]:
    counts = _COUNTED | _PASTS | _PLANNED
    for part, whole in _pairs(reading):
        if {part.kind, whole.kind} <= counts and (part.kind, whole.kind) not in _PARTS:
            yield part, f"a part of {whole.evidence_id}"
    for index, fact in reading.facts:
        before = [token.text for token in reading.tokens[max(0, index - 2) : index]]
        after = [token.text for token in _after_nouns(index, reading.tokens)[:2]]
        if before in (["of"], [",", "of"], ["of", "the"]) and fact.kind in counts - _WHOLES and index < 3:
            yield fact, "the whole of which others are parts"
        if after in (["of", "which"], ["of", "them"]) and fact.kind in counts & _WHOLES:
            yield fact, "a part"
        follows = [token.text for token in _after_nouns(index, reading.tokens, crossing=True)[:2]]
        if follows in (["of", "which"], ["of", "them"]) and fact.kind in _PASTS - _WHOLES:
            yield fact, "the whole of which others are parts"


def _after_nouns(index: int, tokens: tuple[Token, ...], *, crossing: bool = False) -> list[Token]:
    """Returns what follows a figure and its noun; `crossing`: beyond the next figure too."""
    rest = list(tokens[index + 1 :])
    if crossing:
        figures = [at for at, token in enumerate(rest) if token.kind is TokenKind.SLOT]
        rest = rest[figures[0] + 1 :] if figures else []
    while rest and rest[0].text in _NOUNS:
        del rest[0]
    return rest


def _missing(claim: Claim | Recommendation, reading: Reading) -> Iterator[tuple[Fact, str]]:
    """Yields units that came where the text tells of units that are missing, and of no others."""
    planned = any(fact.kind in _PLANNED | {_K.MISSING_DAYS} for _, fact in reading.facts)
    of_samples = isinstance(claim, Recommendation) or claim.kind is ClaimKind.POWER
    if of_samples and not planned and reading.has(words("missing lacking outstanding")):
        yield from ((fact, "told as missing") for _, fact in reading.facts if fact.kind in _COUNTED)
