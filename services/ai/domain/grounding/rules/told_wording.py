"""R4 for claims without a direction: figures that are told, samples, ranks and caveats."""

from collections.abc import Iterator, Mapping
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Claim, ClaimKind, Relation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.reading import Reading, Token
from services.ai.domain.grounding.rules.engine_view import cited
from services.ai.domain.grounding.rules.violation import RuleId, Violation

_SENSES: Final = lexicon.UP | lexicon.DOWN | lexicon.BETTER | lexicon.WORSE
_JUDGEMENTS: Final = (
    _SENSES
    | lexicon.UNCHANGED
    | lexicon.UNDECIDED
    | lexicon.TOP
    | lexicon.BOTTOM
    | lexicon.HEALTHY
    | lexicon.UNHEALTHY
    | lexicon.REASSURING
    | {"either_way", "best"}
)
_SHORTFALLS: Final = frozenset({FactKind.MISSING_UNITS, FactKind.MISSING_DAYS})
_RANKED: Final[Mapping[FactKind, frozenset[str]]] = {
    FactKind.PROBABILITY_BEST: lexicon.CHANCES,
    FactKind.ALLOCATION: lexicon.words("share shares weight allocation traffic units"),
    FactKind.EXPECTED_LOSS: lexicon.words("expected_loss"),
    FactKind.REGRET: lexicon.words("regret expected_regret"),
}
_RANKABLE: Final = (
    (
        lexicon.words("mean means average rate lift effect result results value values gain")
        | frozenset().union(*_RANKED.values())
    )
    - lexicon.TOP
    - lexicon.BOTTOM
)
"""What could be ranked: a rank that is shown of one of these says nothing of the others."""
_TRUSTED: Final = lexicon.words("interval intervals engine verdict decision result results experiment")
_SAMPLE_PHRASES: Final = lexicon.words("more_data more_units only")
_SPARED_SHORT: Final = lexicon.words("below lacks remain remains")


def told_wording(claim: Claim, reading: Reading, _: EvidencePack) -> Iterator[Violation]:
    """Yields words that judge what is only told."""
    spared = set[str]()
    if claim.kind is ClaimKind.HISTORY:
        kinds = {fact.kind for _, fact in reading.facts}
        spared |= lexicon.WON if kinds & {FactKind.PAST_WINS, FactKind.WIN_RATE} else set()
        spared |= lexicon.LOST if FactKind.PAST_LOSSES in kinds else set()
    if claim.kind is ClaimKind.ALLOCATION and reading.has(lexicon.CHANCES):
        spared.add("best")
    for token in reading.words(_JUDGEMENTS | lexicon.NEGATORS):
        if token.text not in spared or token.negated:
            yield _broken(token)


def power_wording(claim: Claim, reading: Reading, _: EvidencePack) -> Iterator[Violation]:
    """Yields words that contradict what the pack says of the planned sample, and the lack of any that say it."""
    wanted = {Relation.SUFFICIENT_DATA: True, Relation.INSUFFICIENT_DATA: False}.get(claim.relation)
    shortfall = any(fact.kind in _SHORTFALLS for _, fact in reading.facts)
    said = list(_sample_words(reading))
    for token, enough in said:
        if enough is not wanted and not (wanted is None and shortfall and not enough):
            yield _broken(token)
    if wanted is not None and not said:
        yield Violation("text", RuleId.WORDING, "nothing says whether the sample is there", ("reached", "not reached"))
    judged = _JUDGEMENTS - lexicon.ENOUGH - lexicon.SHORT - lexicon.HEALTHY - lexicon.EFFECT
    for token in reading.words(judged):
        yield _broken(token)
    if wanted is None:
        yield from (_broken(token) for token in reading.words(lexicon.NEGATORS))


def rank_wording(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields ranks that are wrong or denied, and `best` without the chance of it."""
    right, wrong = lexicon.TOP, lexicon.BOTTOM
    if claim.relation is Relation.LOWEST:
        right, wrong = wrong, right
    if not reading.has(right):
        yield Violation("text", RuleId.WORDING, "no word says the rank", tuple(sorted(right)))
    judged = (_JUDGEMENTS - right - {"best"} | wrong | lexicon.NEGATORS) - {"of_being_best"}
    for token in reading.words(judged):
        yield _broken(token)
    kinds = {fact.kind for fact in cited(claim, pack)}
    ranked = frozenset[str]().union(*(_RANKED.get(kind, frozenset()) for kind in kinds))
    for token in reading.words(_RANKABLE - ranked):
        yield _broken(token)
    if reading.has({"best", "of_being_best"}) and not (
        reading.has(lexicon.CHANCES) and FactKind.PROBABILITY_BEST in kinds
    ):
        yield Violation("text", RuleId.WORDING, "best", ("probability of being best",))


def caveat_wording(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields what reassures, judges, denies a limit, or tells of adaptive allocation where there was none."""
    for token in reading.words(_JUDGEMENTS - lexicon.REASSURING - {"understate", "overstate"}):
        yield _broken(token)
    for token in reading.words(lexicon.REASSURING):
        yield from () if token.negated else (_broken(token),)
    for token in reading.words(lexicon.NEGATORS):
        if not reading.clause_words(token.clause) & lexicon.REASSURING:
            yield _broken(token)
    for token in reading.words({"bias", "biased"} | lexicon.words("misleading distorted")):
        if reading.clause_words(token.clause) & _TRUSTED:
            yield _broken(token)
    versions = [fact.value for fact in cited(claim, pack) if fact.kind is FactKind.POLICY_VERSIONS]
    if reading.has(lexicon.ADAPTIVE) and not any(value > 1 for value in versions):
        yield Violation("text", RuleId.WORDING, "adaptive allocation", ("cite the policy versions",))


def _sample_words(reading: Reading) -> Iterator[tuple[Token, bool]]:
    for token in reading.words(lexicon.ENOUGH | lexicon.SHORT - _SPARED_SHORT | _SAMPLE_PHRASES):
        beyond = token.text in ("more", "more_units") and "than" in reading.clause_words(token.clause)
        enough = beyond or token.text in lexicon.ENOUGH
        yield token, enough is not token.negated


def _broken(token: Token) -> Violation:
    return Violation("text", RuleId.WORDING, f"negated {token.text}" if token.negated else token.text)
