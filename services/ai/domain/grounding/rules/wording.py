"""R4: the words of a claim say what its type says; what cannot be shown to agree is a violation."""

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Claim, ClaimKind, Relation, Valence
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.kinds import SIGNED, FactKind
from services.ai.domain.grounding.reading import Reading, Token, TokenKind
from services.ai.domain.grounding.rules.engine_view import DIRECTED, lowered
from services.ai.domain.grounding.rules.health_wording import health_wording
from services.ai.domain.grounding.rules.power_wording import power_wording
from services.ai.domain.grounding.rules.signature import ClaimRule
from services.ai.domain.grounding.rules.told_wording import caveat_wording, rank_wording, told_wording
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from services.ai.domain.grounding.vocabulary import KNOWN
from shared.definition.model import MetricDirection

_BE: Final = lexicon.words("is are was were be been being gets got")
_PASSIVES: Final = lexicon.words("beaten outperformed exceeded surpassed trailed")
_DETERMINERS: Final = lexicon.words("a an the any its this that")
_ADJECTIVES: Final = lexicon.words(
    """positive negative good bad favourable favorable beneficial adverse harmful detrimental upward downward welcome"""
)
_SENSES: Final = lexicon.UP | lexicon.DOWN | lexicon.BETTER | lexicon.WORSE
_UNFIT: Final = (
    lexicon.UNCHANGED | lexicon.TOP | lexicon.BOTTOM | lexicon.REASSURING | {"as_expected", "as_intended", "as_planned"}
)
_OF_HEALTH: Final = (lexicon.HEALTHY | lexicon.UNHEALTHY) - _SENSES - lexicon.EFFECT - lexicon.ENOUGH
_DENIERS: Final = lexicon.STRONG | lexicon.JUDGING | lexicon.words("know known knows claim claimed said")
_MOVERS: Final = lexicon.words("push pushes pushed pushing drive drives drove bring brings brought")
_WAYS: Final = lexicon.words("up down upward upwards downward downwards higher lower above below")
_FINDING: Final = lexicon.words("found find detected detect")
_HAPPENING: Final = lexicon.words("detected differ differs differed changed moved affected affects influenced")
_LIFTS: Final = lexicon.words("lift lifts uplift effect effects difference differences")
_EFFECTS: Final = lexicon.words("effect effects impact change difference")
_SCARCE: Final = lexicon.words("too_few too_little too_early insufficient insufficiently too_sparse too_thin too_small")


def vocabulary(_: object, reading: Reading, __: EvidencePack) -> Iterator[Violation]:
    """Yields words that are not known."""
    for token in reading.tokens:
        if token.kind is TokenKind.WORD and token.text.removesuffix("'s") not in KNOWN and token.text not in KNOWN:
            yield Violation("text", RuleId.VOCABULARY, token.text)


def wording(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields words that say something else than the typed claim, and the lack of words that say it."""
    yield from _forecasts(claim, reading)
    yield from _direction_notes(claim, reading, pack)
    yield from _RULES.get(claim.relation, _stated)(claim, reading, pack)


def broken(got: str, *allowed: str) -> Violation:
    """Returns a violation of the wording."""
    return Violation("text", RuleId.WORDING, got, allowed)


def _stated(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    of_figures = claim.kind in (ClaimKind.POWER, ClaimKind.ALLOCATION) and claim.relation is Relation.STATED
    if of_figures and not any(True for _ in reading.facts):
        yield broken("no figure is told")
    match claim.kind:
        case ClaimKind.HEALTH:
            yield from health_wording(claim, reading, pack)
        case ClaimKind.CAVEAT:
            yield from caveat_wording(claim, reading, pack)
        case ClaimKind.POWER:
            yield from power_wording(claim, reading, pack)
        case _:
            yield from told_wording(claim, reading, pack)


def _forecasts(claim: Claim, reading: Reading) -> Iterator[Violation]:
    needed = claim.kind is ClaimKind.POWER and not reading.has(lexicon.EFFECT | lexicon.STRONG)
    for token in reading.words(lexicon.FORECAST - ({"would"} if needed else set())):
        yield broken(token.text, "what was measured")
    for token, to, after in zip(reading.tokens, reading.tokens[1:], reading.tokens[2:], strict=False):
        promised = token.text in _BE and to.text == "to" and after.kind is TokenKind.WORD
        if promised and claim.kind is not ClaimKind.POWER:
            yield broken(f"to {after.text}", "what was measured")


def _direction_notes(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    ref = pack.metric(claim.metric)
    minimized = ref is not None and ref.direction is MetricDirection.MINIMIZE
    wrong = "higher_is_better" if minimized else "lower_is_better"
    if ref is None or reading.has({wrong}):
        yield from (broken(token.text) for token in reading.words({"higher_is_better", "lower_is_better"}))


def _directed(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    allowed, wrong = _allowed_senses(claim), 0
    for index, token in enumerate(reading.tokens):
        if token.kind is not TokenKind.WORD or token.text not in _SENSES:
            continue
        problem = _sense_problem(index, token, reading, allowed)
        wrong += bool(problem)
        yield from (broken(problem, *sorted(allowed)[:3]),) if problem else ()
    yield from _denials(claim, reading, pack)
    for token in reading.words(_UNFIT | _OF_HEALTH | {"either_way"}):
        yield broken(token.text)
    for token in reading.words({"enough", "sufficient", "adequate", "plenty"}):
        if not reading.clause_words(token.clause) & {"sample", "units", "data"}:
            yield broken(token.text)
    for token in reading.words(_MOVERS):
        if not reading.clause_words(token.clause) & _WAYS:
            yield broken(f"{token.text} without a way", "up", "down")
    if not wrong and not reading.has(allowed) and not _has_signed_slot(claim, reading):
        yield broken("no word says which way", *sorted(allowed)[:3])


def _allowed_senses(claim: Claim) -> frozenset[str]:
    way, other = (lexicon.UP, lexicon.DOWN) if claim.relation is Relation.INCREASE else (lexicon.DOWN, lexicon.UP)
    good, bad = lexicon.BETTER, lexicon.WORSE
    worth, contrary = (good, bad) if claim.valence is Valence.BETTER else (bad, good)
    return (way | worth) - other - contrary


def _sense_problem(index: int, token: Token, reading: Reading, allowed: Collection[str]) -> str:
    before = [one.text for one in reading.tokens[max(0, index - 2) : index]]
    if token.negated:
        return f"negated {token.text}"
    if token.text not in allowed:
        return token.text
    if before and before[-1] in _LIFTS and token.text not in _ADJECTIVES | _WAYS:
        return f"{before[-1]} that {token.text}"
    if token.text in _PASSIVES and set(before) & _BE:
        return f"passive {token.text}"
    return f"{token.text} of another change" if _is_stacked(index, reading) else ""


def _is_stacked(index: int, reading: Reading) -> bool:
    """Says whether one change is the object of another: `reduced the improvement` says neither."""
    if reading.tokens[index].text in _ADJECTIVES:
        return False
    after = [one.text for one in reading.tokens[index + 1 : index + 4]]
    while after and after[0] in _DETERMINERS | _ADJECTIVES:
        del after[0]
    return bool(after) and after[0] in _SENSES | lexicon.EFFECT


def _denials(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields negators; where the certainty is limited, a clause of its own may say so."""
    limits = lexicon.ASSERTIVE | lexicon.ENOUGH if lowered(claim, pack) is not claim.certainty.ESTABLISHED else set()
    for token in reading.words(lexicon.NEGATORS):
        words = reading.clause_words(token.clause)
        if not words & limits:
            yield broken(token.text)


def _has_signed_slot(claim: Claim, reading: Reading) -> bool:
    """Says whether figures say which way: one with its sign, or the means of both arms."""
    up = claim.relation is Relation.INCREASE
    means = {fact.arm == claim.arm: fact.value for _, fact in reading.facts if fact.kind is FactKind.MEAN and fact.arm}
    if len(means) > 1 and (means[True] > means[False]) == up:
        return True
    return any(fact.kind in SIGNED and (fact.value > 0) == up for _, fact in reading.facts)


def _undetected(_: Claim, reading: Reading, __: EvidencePack) -> Iterator[Violation]:
    """No change was detected, which is not to say that there is none."""
    denied = {token.clause for token in reading.words(_DENIERS) if token.negated} | _found_none(reading)
    open_clauses = {token.clause for token in reading.words(lexicon.UNDECIDED) if not token.negated}
    if not denied | open_clauses:
        yield broken("not told as undetected", "no detectable change", "inconclusive")
    unsure = {clause for clause in open_clauses if "whether" in reading.clause_words(clause)}
    for token in reading.words(_SENSES | {"either_way"}):
        if not (token.clause in denied and (token.negated or "whether" in reading.clause_words(token.clause))):
            yield from () if token.clause in unsure else (broken(token.text),)
    for token in reading.words(lexicon.EFFECT | {"detected"}):
        if token.negated and token.clause not in denied:
            yield broken(f"denied {token.text}", "no detectable change")
        said = token.text in _HAPPENING and token.clause not in denied
        if said and not token.negated and "whether" not in reading.clause_words(token.clause):
            yield broken(token.text, "no detectable change")
    if not any("whether" in reading.clause_words(token.clause) for token in reading.words({"at_all"})):
        yield from (broken(token.text) for token in reading.words({"at_all"}))
    for token in reading.words(_UNFIT | lexicon.HEDGES - {"estimated", "so_far"}):
        yield broken(token.text)


def _found_none(reading: Reading) -> set[int]:
    """Returns the clauses in which somebody found none: `we found no effect`."""
    return {
        token.clause
        for token, after in pairwise(reading.tokens)
        if token.text in _FINDING and after.text in ("no", "neither") and after.kind is TokenKind.WORD
    }


def _insufficient(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    if claim.kind is ClaimKind.POWER:
        yield from power_wording(claim, reading, pack)
        return
    said = [
        token
        for token in reading.words(_SCARCE | {"more", "more_data", "more_units", "underpowered"})
        if not token.negated
    ]
    said += [token for token in reading.words({"enough", "sufficient"} | lexicon.JUDGING) if token.negated]
    if not said:
        yield broken("not told as too little data", "too little data")
    for token in reading.words(_SENSES | lexicon.UNCHANGED | lexicon.TOP | lexicon.HEDGES - {"so_far"}):
        yield broken(token.text)
    for token in reading.words(lexicon.EFFECT):
        unjudged = any(one.negated and one.clause == token.clause for one in reading.words(lexicon.JUDGING))
        asked = token.text in _EFFECTS or reading.clause_words(token.clause) & {"how", "whether", "if"}
        yield from () if token.negated and unjudged and asked else (broken(token.text),)
    for token in reading.words(_SCARCE | {"enough", "sufficient", "plenty", "large_enough"}):
        yield from (broken(token.text),) if token.negated is (token.text in _SCARCE) else ()
    if any(fact.kind in SIGNED for _, fact in reading.facts):
        yield broken("an effect is told", "units")


_RULES: Final[Mapping[Relation, ClaimRule]] = {
    **dict.fromkeys(DIRECTED, _directed),
    Relation.NO_DETECTABLE_CHANGE: _undetected,
    Relation.INSUFFICIENT_DATA: _insufficient,
    Relation.SUFFICIENT_DATA: power_wording,
    Relation.HIGHEST: rank_wording,
    Relation.LOWEST: rank_wording,
}
