"""R3: each number stands where a number of its kind belongs: a mean is not a lift, what is planned is not what came.

A kind that has cues needs one in its text. The word right before or after a slot, function words aside, must be none
that belongs to other kinds. From and to, between and and, have an order; a signed value after `by` would be negated.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Claim, Recommendation
from services.ai.domain.grounding.evidence import EvidencePack, Fact
from services.ai.domain.grounding.kinds import DESCRIPTIVE, SIZES, FactKind
from services.ai.domain.grounding.reading import Reading, Token, TokenKind
from services.ai.domain.grounding.rules.bounds import unbounded
from services.ai.domain.grounding.rules.counts import is_part_told, misplaced
from services.ai.domain.grounding.rules.engine_view import baseline_of
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from services.ai.domain.grounding.slots import SLOT

_K = FactKind
_Kinds = frozenset[FactKind]

_LOWS: Final = frozenset({_K.DIFFERENCE_LOW, _K.LIFT_LOW, _K.BAND_LOW})
_HIGHS: Final = frozenset({_K.DIFFERENCE_HIGH, _K.LIFT_HIGH, _K.BAND_HIGH})
_SIZED: Final = frozenset(SIZES.values())
_CHANGES: Final = frozenset(SIZES) | _SIZED | _LOWS | _HIGHS | {_K.MDE, _K.MARGIN, _K.RATIO}
_LEVELS: Final = frozenset({_K.MEAN, _K.BASELINE})
_SHARES: Final = frozenset(
    {
        *(_K.ALLOCATION, _K.PLANNED_SHARE, _K.EXPLORATION_FLOOR, _K.TRAFFIC_SHARE, _K.MULTIPLE_EXPOSURE_SHARE),
        _K.HEALTH_FIGURE,
    }
)
_COUNTED: Final = frozenset({_K.UNITS, _K.TOTAL_UNITS, _K.EXPOSURES, _K.EFFECTIVE_UNITS})
_WANTED: Final = frozenset({_K.REQUIRED_UNITS, _K.MISSING_UNITS, _K.MISSING_DAYS, _K.PLANNED_DAYS, _K.PLANNED_WEEKS})
_DESCRIBED: Final = DESCRIPTIVE | {SIZES[kind] for kind in DESCRIPTIVE}
_UNITS: Final = _COUNTED | {_K.REQUIRED_UNITS, _K.MISSING_UNITS, _K.UNITS_PER_DAY, _K.HEALTH_FIGURE}
_TIMES: Final = frozenset({_K.DAYS, _K.WEEKS, _K.MISSING_DAYS, _K.PLANNED_DAYS, _K.PLANNED_WEEKS})
_MISSING: Final = frozenset({_K.MISSING_UNITS, _K.MISSING_DAYS})
_CHANCES: Final = frozenset({_K.PROBABILITY_BEST, _K.POWER, _K.WIN_RATE, _K.ALPHA})
_P_VALUES: Final = frozenset({_K.P_VALUE, _K.SAMPLE_RATIO_P_VALUE})
_PASTS: Final = frozenset({_K.PAST_EXPERIMENTS, _K.PAST_WINS, _K.PAST_LOSSES, _K.WIN_RATE})
_NOT_WANTED: Final = frozenset(_K) - _WANTED - _P_VALUES


def _table(*rows: tuple[str, _Kinds]) -> dict[str, _Kinds]:
    return {word: kinds for words, kinds in rows for word in words.split()}


_EITHER_SIDE: Final = _table(
    ("lift uplift effect difference change gain increase decrease drop rise decline reduction improvement", _CHANGES),
    ("regression harm gap trend downward upward loss", _CHANGES | {_K.EXPECTED_LOSS}),
    ("mean average rate level value", _LEVELS | {_K.WIN_RATE}),
    ("p-value p", _P_VALUES),
    ("interval range", _LOWS),
    ("probability chance likelihood", _CHANCES),
    ("share weight allocation traffic", _SHARES),
    ("expected_loss", frozenset({_K.EXPECTED_LOSS})),
    ("regret expected_regret", frozenset({_K.REGRET})),
    ("exploration_floor floor", frozenset({_K.EXPLORATION_FLOOR})),
    ("alpha error_rate", frozenset({_K.ALPHA})),
    ("power", frozenset({_K.POWER})),
    ("win_rate", frozenset({_K.WIN_RATE})),
    ("margin", frozenset({_K.MARGIN})),
    ("standard_deviation", frozenset({_K.STANDARD_DEVIATION})),
    ("correlation", frozenset({_K.CORRELATION})),
    ("units users visitors customers sample", _UNITS | _SHARES),
    ("versions", frozenset({_K.POLICY_VERSIONS})),
    ("arms", frozenset({_K.ARM_COUNT}) | _SHARES),
    ("comparisons", frozenset({_K.COMPARISON_COUNT})),
    ("experiments tests", _PASTS),
    ("exposures", frozenset({_K.EXPOSURES})),
    ("more more_units further another additional missing short", _MISSING),
    ("as_of", frozenset({_K.AS_OF})),
)
_BEFORE: Final = _EITHER_SIDE | _table(
    ("by", _SIZED | _MISSING | {_K.MARGIN}),
    ("from", _LOWS | _LEVELS | {_K.AS_OF}),
    ("between", _LOWS),
    ("to", _HIGHS | _LEVELS | _SHARES),
    ("against vs versus compared_with", _LEVELS | {_K.PLANNED_SHARE, _K.ALLOCATION, _K.PROBABILITY_BEST}),
    ("than", _LEVELS | _WANTED | {_K.PLANNED_SHARE, _K.EXPLORATION_FLOOR}),
    (
        "needs need requires require takes take plan planned required target",
        _WANTED | {_K.PLANNED_SHARE, _K.MDE, _K.POWER},
    ),
    ("has have had saw got gets receives received collected served", _NOT_WANTED - _SIZED - {_K.TOTAL_UNITS}),
    ("ran", frozenset({_K.DAYS, _K.WEEKS})),
    ("detect detectable minimum_detectable smallest", frozenset({_K.MDE})),
)
_AFTER: Final = _EITHER_SIDE | _table(
    ("won wins win successful", frozenset({_K.PAST_WINS, _K.WIN_RATE})),
    ("lost losses failed", frozenset({_K.PAST_LOSSES})),
    ("times", frozenset({_K.PAST_EXPERIMENTS})),
    ("past earlier previous former", _PASTS),
)
_CUES: Final[Mapping[FactKind, frozenset[str]]] = {
    _K.P_VALUE: lexicon.words("p-value p"),
    _K.SAMPLE_RATIO_P_VALUE: lexicon.words("p-value p"),
    _K.PROBABILITY_BEST: lexicon.CHANCES,
    _K.EXPECTED_LOSS: lexicon.words("expected_loss"),
    _K.REGRET: lexicon.words("regret expected_regret"),
    _K.ALLOCATION: lexicon.words(
        "share shares traffic weight allocation allocates allocated assigned receives received gets got units allotted "
        "sends goes"
    ),
    _K.PLANNED_SHARE: lexicon.words("planned plan as_planned intended as_intended"),
    _K.EXPLORATION_FLOOR: lexicon.words("exploration_floor floor"),
    _K.ALPHA: lexicon.words("alpha error_rate level"),
    _K.POWER: lexicon.words("power chance probability"),
    _K.MDE: lexicon.words("detect detects detected detectable minimum_detectable smallest planned target find"),
    _K.REQUIRED_UNITS: lexicon.words(
        "required requires require need needs needed takes take plan planned as_planned target suffice suffices "
        "reached reach"
    ),
    _K.TOTAL_UNITS: lexicon.words(
        "total totals together in_total the_arms the_units all_arms all_units overall experiment whole"
    ),
    _K.MISSING_UNITS: lexicon.words(
        "missing more more_units another further additional short remaining remain falls_short lacks lack lacking"
    ),
    _K.MISSING_DAYS: lexicon.words("extend missing more another further additional remaining remain needs takes"),
    _K.PLANNED_DAYS: lexicon.words("planned plan needs takes take duration lasts"),
    _K.PLANNED_WEEKS: lexicon.words("planned plan needs takes take duration lasts"),
    _K.WIN_RATE: lexicon.words("win_rate won win wins successful success succeeded"),
    _K.PAST_WINS: lexicon.WON,
    _K.PAST_LOSSES: lexicon.LOST,
    _K.PAST_EXPERIMENTS: lexicon.words("experiments tests tested times history"),
    _K.MARGIN: lexicon.words("margin"),
    _K.STANDARD_DEVIATION: lexicon.words("standard_deviation"),
    _K.CORRELATION: lexicon.words("correlation"),
    _K.MEAN: lexicon.words(
        "mean average rate level value at from to against than versus vs compared_with was is had has yields"
    ),
    _K.BASELINE: lexicon.words("baseline mean average rate level value at from"),
    _K.POLICY_VERSIONS: lexicon.words("versions"),
    _K.AS_OF: lexicon.words("as_of from until"),
    _K.BAND_LOW: lexicon.words("between from range band past historical"),
    _K.BAND_HIGH: lexicon.words("to and range band past historical"),
}
"""Of each kind that has to be told from others: the words of which its text needs one."""
_AWAY: Final = lexicon.words("from against vs versus than compared_with above below over beyond")
"""What the baseline's mean follows."""
_SIZE_CUES: Final = (
    lexicon.UP | lexicon.DOWN | lexicon.BETTER | lexicon.WORSE | lexicon.words("gap difference change lift effect")
)
_FILLERS: Final = lexicon.words(
    """of is was are were at in for on a an the ( with being about only its estimated relative absolute all other
    these those current currently total just exactly observed measured"""
)
_FILLERS_AFTER: Final = lexicon.words("of the ( all other these relative absolute , )")


def role(claim: Claim | Recommendation, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields slots whose surroundings belong to numbers of another kind, or of another arm, or that have no cue."""
    words = {token.text for token in reading.tokens if token.kind is TokenKind.WORD}
    words |= {"baseline"} if "baseline" in SLOT.sub("", reading.text).casefold() else set()
    for index, fact in reading.facts:
        cues = _SIZE_CUES if fact.kind in _SIZED else _CUES.get(fact.kind)
        near = reading.clause_words(reading.tokens[index].clause) if fact.kind in _WANTED else words
        part = fact.kind is FactKind.REQUIRED_UNITS and is_part_told(reading)
        if cues is not None and not part and not near & cues:
            yield _broken(fact, "nothing says what it is", *sorted(cues)[:5])
        before, after = _neighbours(index, reading.tokens)
        if before in _BEFORE and not _fits_before(before, fact):
            yield _broken(fact, f"after {before}")
        if after in _AFTER and fact.kind not in _AFTER[after]:
            yield _broken(fact, f"before {after}")
        if isinstance(claim, Claim) and fact.kind is FactKind.MEAN and claim.arm:
            beside = _arm_after(index, reading.tokens) or _arm_before(index, reading.tokens)
            yield from _sides(claim, fact, pack, before=before, beside=beside)
        if isinstance(claim, Claim) and fact.kind in _DESCRIBED and fact.subject != claim.subject:
            yield _broken(fact, "of another subject")
    yield from (_broken(fact, got) for fact, got in unbounded(reading))
    yield from (_broken(fact, got) for fact, got in misplaced(claim, reading))


def _fits_before(before: str, fact: Fact) -> bool:
    # `rose by +3 %` reads well, `fell by -3 %` is a rise.
    positive = before == "by" and fact.kind in SIZES and fact.value > 0
    return positive or fact.kind in _BEFORE[before]


def _neighbours(index: int, tokens: tuple[Token, ...]) -> tuple[str, str]:
    at = index - 1
    while at >= 0 and (tokens[at].kind is TokenKind.NAME or tokens[at].text in _FILLERS):
        at -= 1
    to = index + 1
    while (
        to < len(tokens) and tokens[to].kind in (TokenKind.WORD, TokenKind.MARK) and tokens[to].text in _FILLERS_AFTER
    ):
        # What follows `of the` or a comma tells of the slot no more, unless it is a noun of units: `5 % of the units`.
        to += 1
    near = to < len(tokens) and tokens[to].kind is TokenKind.WORD
    is_next = to == index + 1 or tokens[index + 1].text not in (",", ")", "(")
    return (
        tokens[at].text if at >= 0 and tokens[at].kind is TokenKind.WORD else "",
        tokens[to].text if near and is_next else "",
    )


def _sides(claim: Claim, fact: Fact, pack: EvidencePack, *, before: str, beside: str) -> Iterator[Violation]:
    """Yields means of the baseline where the arm's belong, and the other way round."""
    baseline = baseline_of(claim, pack)
    away = before in _AWAY or beside == baseline
    if fact.arm == baseline and not away:
        yield _broken(fact, "the baseline's, as if it were the arm's")
    if fact.arm == claim.arm and (away or beside not in ("", claim.arm)):
        yield _broken(fact, "the arm's, as if it were the baseline's")


def _arm_after(index: int, tokens: tuple[Token, ...]) -> str:
    """Returns the arm that a slot is said to be of: `{{E1}} in the control`; empty: none is."""
    rest = [token for token in tokens[index + 1 : index + 5] if token.text not in ("the", "arm", "variant")]
    if len(rest) > 1 and rest[0].text in ("in", "for", "of", "with", "under") and rest[1].kind is TokenKind.NAME:
        return rest[1].text if rest[1].text[0] == "V" else ""
    return ""


def _arm_before(index: int, tokens: tuple[Token, ...]) -> str:
    """Returns the arm right before a slot: `in the control, at {{E1}}`; empty: there is none."""
    at = index - 1
    while at >= 0 and tokens[at].text in (",", "(", "at", "with"):
        at -= 1
    near = 0 <= at < index - 1 and tokens[at].kind is TokenKind.NAME and tokens[at].text[0] == "V"
    return tokens[at].text if near and tokens[at - 1].text in ("in", "for", "with", "under", "the") else ""


def _broken(fact: Fact, got: str, *allowed: str) -> Violation:
    return Violation("text", RuleId.ROLE, f"{fact.evidence_id} ({fact.kind}): {got}", allowed)
