"""R6: advice is the engine's or more conservative, in type and in words; and no other text advises."""

from collections.abc import Iterator, Mapping
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Claim, ClaimKind, Recommendation, Relation
from services.ai.domain.grounding.evidence import ComparisonStatus, EvidencePack
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.reading import Reading, Token, TokenKind
from services.ai.domain.grounding.rules.reasons import parted, unborne
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from shared.definition.model import MetricRole
from shared.statistics.decision.verdict import Verdict, allowed
from shared.statistics.health.finding import Status

_FAMILIES: Final[Mapping[Verdict, frozenset[str]]] = {
    Verdict.SHIP: lexicon.SHIP,
    Verdict.ROLL_BACK: lexicon.ROLL_BACK,
    Verdict.CONTINUE: lexicon.CONTINUE,
    Verdict.STOP_INCONCLUSIVE: lexicon.STOP,
    Verdict.INVESTIGATE: lexicon.INVESTIGATE,
}
_MAY_AFFIRM: Final[Mapping[Verdict, frozenset[Verdict]]] = {
    Verdict.SHIP: frozenset({Verdict.SHIP}),
    Verdict.CONTINUE: frozenset({Verdict.CONTINUE}),
    Verdict.STOP_INCONCLUSIVE: frozenset({Verdict.STOP_INCONCLUSIVE}),
    Verdict.ROLL_BACK: frozenset({Verdict.ROLL_BACK, Verdict.STOP_INCONCLUSIVE}),
    Verdict.INVESTIGATE: frozenset({Verdict.INVESTIGATE}),
}
_MAY_DENY: Final[Mapping[Verdict, frozenset[Verdict]]] = {
    Verdict.SHIP: frozenset(),
    Verdict.CONTINUE: frozenset({Verdict.SHIP, Verdict.STOP_INCONCLUSIVE}),
    Verdict.STOP_INCONCLUSIVE: frozenset({Verdict.SHIP, Verdict.CONTINUE}),
    Verdict.ROLL_BACK: frozenset({Verdict.SHIP, Verdict.CONTINUE}),
    Verdict.INVESTIGATE: frozenset({Verdict.SHIP}),
}
_SAYS_BY_DENIAL: Final[Mapping[Verdict, frozenset[Verdict]]] = {
    Verdict.CONTINUE: frozenset({Verdict.SHIP, Verdict.STOP_INCONCLUSIVE}),
    Verdict.INVESTIGATE: frozenset({Verdict.SHIP}),
}
"""Where it is enough to deny another: `do not ship yet` says to go on."""
_CLAIMS: Final = (
    lexicon.UP
    | lexicon.DOWN
    | lexicon.BETTER
    | lexicon.WORSE
    | lexicon.UNCHANGED
    | lexicon.EFFECT
    | lexicon.ASSERTIVE
    | lexicon.HEALTHY
    | lexicon.UNHEALTHY
    | lexicon.REASSURING
    | lexicon.TOP
) - frozenset().union(*_FAMILIES.values())
_DOUBTS: Final = lexicon.UNHEALTHY | {"mismatch", "trusted", "trust"}
_HARMS: Final = lexicon.WORSE | {"shown"}
_GOALS: Final = lexicon.words("met reached goal guardrails hold shown")
_FORECASTS: Final = lexicon.FORECAST - lexicon.words("will would must everyone everybody all")
_ACTIONS: Final = lexicon.SHIP | lexicon.ROLL_BACK - {"return", "returns", "returned", "returning"}
_ADVISING: Final = _ACTIONS | lexicon.STOP | lexicon.CONTINUE | {"keep"}
_ORDERS: Final = lexicon.words("stop halt terminate continue wait investigate ignore")
_DUTIES: Final = lexicon.words("should shall can let")
_READINGS: Final = lexicon.words("treat")
"""Tell how figures are to be taken, which is a caveat's."""
_SKIPPED: Final = frozenset({"the", "arm", "variant"})
_OF_NO_ARM: Final = frozenset({Verdict.CONTINUE, Verdict.STOP_INCONCLUSIVE, Verdict.INVESTIGATE})
_CONDITIONS: Final = lexicon.words(
    """if later again week weeks day days some some_units rest remainder confidence currently long restart
    restarted retest rerun repeat"""
)
_UNDECIDING: Final = lexicon.words("decided needed required reviewed")
"""With these `will` promises nothing: `it will not be decided with this sample`."""
_ENDING: Final = frozenset({Verdict.SHIP, Verdict.STOP_INCONCLUSIVE})
_SCARCE: Final = lexicon.words(
    "too_few too_small too_little too_early underpowered insufficient missing incomplete short"
)
_SHORTFALLS: Final = frozenset({FactKind.MISSING_UNITS, FactKind.MISSING_DAYS})
_REPLACING: Final = lexicon.words("replace replaces replacing")
_TOWARD: Final = _REPLACING | lexicon.words("to keep restore restores restoring reinstate")
_SIDE_EFFECTS: Final = lexicon.words(
    "traffic share shares weight weights allocation only alone part parts segment segments group groups review"
)
"""What an advice may not decide by the way; to investigate, one looks at these."""


def verdict(advice: Recommendation, _: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields advice that is bolder than the engine's, or ships another arm, or ships against health or a guardrail."""
    may = allowed(pack.decision.verdict) if pack.decision else frozenset[Verdict]()
    if any(one.status is Status.FAIL for one in pack.health):
        may &= {Verdict.INVESTIGATE}
    if advice.arm and _harms_a_guardrail(advice.arm, pack):
        may -= {Verdict.SHIP}
    if advice.verdict not in may:
        yield Violation("verdict", RuleId.VERDICT, advice.verdict, tuple(sorted(may)))
    right = pack.decision.arm if pack.decision and advice.verdict is Verdict.SHIP else ""
    if advice.arm != right:
        yield Violation("arm", RuleId.VERDICT, advice.arm, (right,))


def action(advice: Recommendation, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields words that advise something else than the verdict, claim results, or name the wrong arm."""
    said = False
    reading, reason = parted(advice, reading, pack)
    for family, token in _actions(reading):
        may = (_MAY_DENY if token.negated else _MAY_AFFIRM)[advice.verdict]
        says = {advice.verdict} if not token.negated else _SAYS_BY_DENIAL.get(advice.verdict, frozenset())
        said = said or family in says
        if family not in may:
            yield _broken(f"negated {token.text}" if token.negated else token.text, advice.verdict)
    if not said:
        yield _broken("no word says what to do", advice.verdict)
    yield from _results(advice.verdict, reading)
    yield from _promises(advice.verdict, reading)
    yield from _named(advice, reading, pack)
    yield from _samples(advice.verdict, reading, pack)
    if reason is not None:
        told = [*unborne(advice, reason, pack), *(_broken(one.text, advice.verdict) for one in reason.words(_ADVISING))]
        yield from (_broken(f"reason: {one.got}", advice.verdict) for one in told)


def no_action(claim: Claim, reading: Reading, __: EvidencePack) -> Iterator[Violation]:
    """Yields words by which a claim advises, or says what ought to be."""
    cautions = claim.kind in (ClaimKind.HEALTH, ClaimKind.CAVEAT)
    warned = cautions or claim.relation is Relation.INSUFFICIENT_DATA
    barred = (frozenset() if warned else _DUTIES) | (frozenset() if cautions else _READINGS)
    for token in reading.words(_ACTIONS | _ORDERS | barred):
        yield Violation("text", RuleId.ACTION, token.text, ("a recommendation",))


def _harms_a_guardrail(arm: str, pack: EvidencePack) -> bool:
    guardrails = {metric.alias for metric in pack.metrics if metric.role is MetricRole.GUARDRAIL}
    return any(
        (one.arm, one.subject) == (arm, "") and one.metric in guardrails and one.status is ComparisonStatus.WORSE
        for one in pack.verdicts
    )


def _actions(reading: Reading) -> Iterator[tuple[Verdict, Token]]:
    for family, words in _FAMILIES.items():
        yield from ((family, token) for token in reading.words(words))


def _results(advised: Verdict, reading: Reading) -> Iterator[Violation]:
    """Yields claims of results: an advice may say that the goal is met or harm is shown, where that is its verdict."""
    spared = {
        Verdict.SHIP: _GOALS,
        Verdict.ROLL_BACK: _HARMS,
        Verdict.INVESTIGATE: _DOUBTS,
        Verdict.CONTINUE: lexicon.ENOUGH,
        Verdict.STOP_INCONCLUSIVE: frozenset[str](),
    }[advised]
    for token in reading.words(_CLAIMS - spared):
        yield _broken(token.text, advised)
    aside = _CONDITIONS if advised is Verdict.INVESTIGATE else _SIDE_EFFECTS | _CONDITIONS
    conditions = lexicon.NEGATORS if advised is Verdict.SHIP else frozenset[str]()
    for token in reading.words(_FORECASTS | aside | conditions | {"best", "of_all"}):
        yield _broken(token.text, advised)


def _promises(advised: Verdict, reading: Reading) -> Iterator[Violation]:
    """Yields what an advice says will come of it, and the levels at which a metric would be."""
    for token in reading.words({"will", "would"}):
        if not reading.clause_words(token.clause) & _UNDECIDING:
            yield _broken(token.text, advised)
    yield from (_broken("a metric", advised) for _, token in reading.names() if token.text[0] == "M")
    if advised is Verdict.INVESTIGATE:
        trusted = reading.words(lexicon.words("trust trusted rely relied"))
        yield from (_broken(token.text, advised) for token in trusted if not token.negated)
    yield from (_broken("a level", advised) for _, fact in reading.facts if fact.kind is FactKind.MEAN)


def _samples(advised: Verdict, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields what is said of the sample and is not so, in an advice that ends the experiment."""
    if advised not in _ENDING or pack.sample_reached is not True:
        return
    yield from (_broken(token.text, advised) for token in reading.words(_SCARCE))
    yield from (_broken(f"negated {one.text}", advised) for one in reading.words(lexicon.ENOUGH) if one.negated)


def _named(advice: Recommendation, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields arms in the wrong place: what is shipped is the decision's arm, what is returned to is the control."""
    for index, token in reading.names():
        if token.text[0] != "V":
            continue
        at = index - 1
        while at >= 0 and reading.tokens[at].text in _SKIPPED:
            at -= 1
        toward = at >= 0 and reading.tokens[at].kind is TokenKind.WORD and reading.tokens[at].text in _TOWARD
        replaced = pack.control if at >= 0 and reading.tokens[at].text in _REPLACING else ""
        if toward is not (token.text == pack.control):
            yield _broken(f"{token.text} in the wrong place", advice.verdict)
        if advice.verdict in _OF_NO_ARM and token.text != pack.control and not _is_aside(index, token, reading):
            yield _broken(f"{token.text} singled out", advice.verdict)
        if advice.verdict is Verdict.SHIP and token.text not in (advice.arm, replaced):
            yield _broken(f"{token.text} beside the arm to ship", advice.verdict)


def _is_aside(index: int, token: Token, reading: Reading) -> bool:
    """Says whether an arm is only told of: a denied launch, a decision on it, the units that it lacks."""
    before = [one.text for one in reading.tokens[max(0, index - 2) : index]]
    figures = {fact.kind for at, fact in reading.facts if reading.tokens[at].clause == token.clause}
    lacks = before[-1:] == ["in"] and bool(figures & _SHORTFALLS)
    decided = before in (["decide", "on"], ["deciding", "on"], ["decision", "on"])
    return token.negated or lacks or decided


def _broken(got: str, advised: Verdict) -> Violation:
    return Violation("text", RuleId.ACTION, got, tuple(sorted(_FAMILIES[advised]))[:5])
