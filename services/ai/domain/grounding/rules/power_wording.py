"""R4 for samples: the words say whether the planned sample is there, and nothing of what came of it."""

from collections.abc import Iterator
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Claim, Relation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.reading import Reading, Token, TokenKind
from services.ai.domain.grounding.rules.counts import is_part_told
from services.ai.domain.grounding.rules.violation import RuleId, Violation

_JUDGEMENTS: Final = (
    (
        lexicon.UP
        | lexicon.DOWN
        | lexicon.BETTER
        | lexicon.WORSE
        | lexicon.UNCHANGED
        | lexicon.UNDECIDED
        | lexicon.TOP
        | lexicon.BOTTOM
        | lexicon.UNHEALTHY
        | lexicon.REASSURING
        | {"either_way", "best"}
    )
    - lexicon.ENOUGH
    - lexicon.SHORT
    - lexicon.HEALTHY
)
_SHORTFALLS: Final = frozenset({FactKind.MISSING_UNITS, FactKind.MISSING_DAYS})
_PLANNED: Final = frozenset({FactKind.REQUIRED_UNITS})
_MEASURES: Final = lexicon.words("planned required plan plan's target goal")
_PLANNED_EFFECTS: Final = lexicon.words("planned plan minimum_detectable target intended desired detectable")
_SAMPLE_PHRASES: Final = lexicon.words("more_data more_units only")
_SPARED_SHORT: Final = lexicon.words("lacks remain remains")
_AIMS: Final = lexicon.words("reach meet complete fill satisfy attain finish")
_GATHERING: Final = lexicon.words("have has had collected gathered reached obtained recruited got")
_OF_SAMPLES: Final = lexicon.words("the its a an full whole planned required target sample's")
_SAMPLES: Final = lexicon.words("sample size")


def power_wording(claim: Claim, reading: Reading, _: EvidencePack) -> Iterator[Violation]:
    """Yields words that contradict what the pack says of the planned sample, and the lack of any that say it."""
    wanted = {Relation.SUFFICIENT_DATA: True, Relation.INSUFFICIENT_DATA: False}.get(claim.relation)
    shortfall = any(fact.kind in _SHORTFALLS for _, fact in reading.facts)
    said = [*_sample_words(reading), *_measured(reading), *_gathered(reading)]
    for token, enough in said:
        if enough is not wanted and not (wanted is None and shortfall and not enough):
            yield _broken(token)
    if wanted is not None and not said and not _told_in_figures(reading, wanted=wanted):
        yield Violation("text", RuleId.WORDING, "nothing says whether the sample is there", ("reached", "not reached"))
    compared = {id(token) for token, _ in _measured(reading)}
    yield from (_broken(token) for token in reading.words(_JUDGEMENTS) if id(token) not in compared)
    if wanted is None:
        yield from (_broken(token) for token in reading.words(lexicon.NEGATORS))
    yield from _effects(reading)


def _sample_words(reading: Reading) -> Iterator[tuple[Token, bool]]:
    words = (lexicon.ENOUGH | lexicon.SHORT - _SPARED_SHORT | _SAMPLE_PHRASES) - {"more_than"}
    for index, token in enumerate(reading.tokens):
        if token.kind is not TokenKind.WORD or token.text not in words or _is_aim(index, reading):
            continue
        beyond = token.text in ("more", "more_units") and "than" in reading.clause_words(token.clause)
        enough = beyond or token.text in lexicon.ENOUGH
        yield token, enough is not token.negated


def _is_aim(index: int, reading: Reading) -> bool:
    """Says whether a word tells what is aimed at: `to reach the plan`, `before the sample is complete`."""
    token = reading.tokens[index]
    earlier = [one.text for one in reading.tokens[:index] if one.clause == token.clause]
    if token.text in lexicon.SHORT or not earlier:
        return False
    return earlier[-1] == "to" or ("before" in earlier and earlier[0] != "before")


def _measured(reading: Reading) -> Iterator[tuple[Token, bool]]:
    """Returns comparisons with the plan: `below the required {{E1}}`, `past the target`."""
    for index, token in enumerate(reading.tokens):
        enough = token.text in ("above", "past", "beyond", "more_than", "over", "exceeds", "exceed", "exceeded")
        if token.kind is not TokenKind.WORD or not (enough or token.text in ("below", "short")):
            continue
        at = index + 1
        while at < len(reading.tokens) and reading.tokens[at].text in ("the", "its", "of", "what"):
            at += 1
        after = reading.tokens[at : at + 1]
        planned = any(where == at and fact.kind in _PLANNED for where, fact in reading.facts)
        if after and (planned or after[0].text in _MEASURES):
            yield token, enough is not token.negated


def _gathered(reading: Reading) -> Iterator[tuple[Token, bool]]:
    """Returns what is said to be collected, or not: `has not collected its sample`."""
    for index, token in enumerate(reading.tokens):
        if token.kind is TokenKind.WORD and token.text in _GATHERING:
            after = [one.text for one in reading.tokens[index + 1 : index + 6]]
            while after and after[0] in _OF_SAMPLES:
                del after[0]
            if after and after[0] in _SAMPLES and after[1:2] != ["of"]:
                yield token, not token.negated
            elif token.negated and "units" in reading.clause_words(token.clause):
                yield token, False


def _told_in_figures(reading: Reading, *, wanted: bool) -> bool:
    """Says whether the units that came stand beside those that are planned, which says it."""
    kinds = {fact.kind for _, fact in reading.facts}
    return {FactKind.UNITS, FactKind.REQUIRED_UNITS} <= kinds and not (wanted and is_part_told(reading))


def _effects(reading: Reading) -> Iterator[Violation]:
    """Yields what a sample is said to do to results, and effects that it was not planned for."""
    for token in reading.words(lexicon.EFFECT):
        noun = token.text in ("effect", "effects", "difference", "differences", "change")
        planned = {one for one in _PLANNED_EFFECTS if one in reading.clause_words(token.clause)}
        slot = any(fact.kind is FactKind.MDE for _, fact in reading.facts)
        if not noun or not (planned or slot):
            yield _broken(token)


def _broken(token: Token) -> Violation:
    return Violation("text", RuleId.WORDING, f"negated {token.text}" if token.negated else token.text)
