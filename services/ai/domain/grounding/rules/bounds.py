"""R3: `at least` needs a lower bound, `up to` an upper one, and what is about a figure is not the figure."""

from collections.abc import Iterator, Mapping
from typing import Final

from services.ai.domain.grounding.evidence import Fact
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.lexicon import words
from services.ai.domain.grounding.reading import Reading, Token, TokenKind

_K = FactKind
_LOWS: Final = frozenset({_K.DIFFERENCE_LOW, _K.LIFT_LOW, _K.BAND_LOW, _K.EXPLORATION_FLOOR})
_HIGHS: Final = frozenset({_K.DIFFERENCE_HIGH, _K.LIFT_HIGH, _K.BAND_HIGH, _K.ALPHA})
_PLANNED: Final = frozenset(
    {_K.REQUIRED_UNITS, _K.PLANNED_DAYS, _K.PLANNED_WEEKS, _K.PLANNED_SHARE, _K.MARGIN, _K.MDE, _K.POWER}
)
_SPANS: Final = frozenset({_K.DAYS, _K.WEEKS, _K.POLICY_VERSIONS, _K.MISSING_DAYS, _K.PAST_EXPERIMENTS})
_OTHERS: Final = frozenset({_K.MEAN, _K.BASELINE})
_BEFORE: Final[Mapping[str, frozenset[FactKind]]] = {
    **dict.fromkeys(words("at_least minimum"), _LOWS | _PLANNED | {_K.MISSING_UNITS, _K.MISSING_DAYS}),
    **dict.fromkeys(words("more_than above exceeds exceeded past beyond"), _LOWS | _PLANNED | _OTHERS),
    "over": _LOWS | _PLANNED | _SPANS | _OTHERS,
    **dict.fromkeys(words("at_most up_to maximum"), _HIGHS | _PLANNED),
    **dict.fromkeys(words("below within"), _HIGHS | _PLANNED | _SPANS | _OTHERS | {_K.EXPLORATION_FLOOR}),
    **dict.fromkeys(words("nearly almost entire whole"), frozenset[FactKind]()),
}
_AFTER: Final[Mapping[str, frozenset[FactKind]]] = {
    **dict.fromkeys(words("at_least or_more"), _LOWS | _PLANNED),
    **dict.fromkeys(words("at_most or_less"), _HIGHS | _PLANNED),
}
_SKIPPED: Final = words("of the a an its planned required total")
_BOUNDED: Final = frozenset({_K.DIFFERENCE_LOW, _K.LIFT_LOW, _K.DIFFERENCE_HIGH, _K.LIFT_HIGH})
_INTERVALS: Final = words(
    """interval intervals range ranges ranging between confidence credible bound bounds at_least at_most up_to lie lies
    runs"""
)


def unbounded(reading: Reading) -> Iterator[tuple[Fact, str]]:
    """Returns the figures that are told as a bound and are none, and bounds that are told as something else."""
    told = reading.has(_INTERVALS)
    for index, fact in reading.facts:
        before, after = _before(index, reading.tokens), _word(index + 1, reading.tokens)
        if fact.kind not in _BEFORE.get(before, frozenset({fact.kind})):
            yield fact, f"after {before}"
        if fact.kind not in _AFTER.get(after, frozenset({fact.kind})):
            yield fact, f"before {after}"
        if fact.kind in _BOUNDED and not told:
            yield fact, "no interval is told of"


def _before(index: int, tokens: tuple[Token, ...]) -> str:
    at = index - 1
    while at > 0 and tokens[at].text in _SKIPPED:
        at -= 1
    return _word(at, tokens)


def _word(index: int, tokens: tuple[Token, ...]) -> str:
    inside = 0 <= index < len(tokens) and tokens[index].kind is TokenKind.WORD
    return tokens[index].text if inside else ""
