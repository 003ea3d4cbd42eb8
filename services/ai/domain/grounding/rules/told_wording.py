"""R4 for claims without a direction: figures that are told, ranks and caveats."""

from collections.abc import Iterator, Mapping
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Claim, ClaimKind, Relation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.reading import Reading, Token
from services.ai.domain.grounding.rules.engine_view import cited, relations
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
    | {"either_way", "best", "enough", "sufficient", "plenty"}
)
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
_SHARED: Final = lexicon.words("share shares traffic allocation weight")
_TRUSTED: Final = lexicon.words("interval intervals engine verdict decision result results experiment")


def told_wording(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields words that judge what is only told."""
    spared = set[str]()
    if claim.kind is ClaimKind.HISTORY:
        kinds = {fact.kind for _, fact in reading.facts}
        spared |= lexicon.WON if kinds & {FactKind.PAST_WINS, FactKind.WIN_RATE} else set()
        spared |= lexicon.LOST if FactKind.PAST_LOSSES in kinds else set()
    if claim.kind is ClaimKind.ALLOCATION:
        spared |= {"best"} if reading.has(lexicon.CHANCES) else set()
        spared |= _borne_ranks(claim, reading, pack)
    for token in reading.words(_JUDGEMENTS | lexicon.NEGATORS):
        if token.text not in spared or token.negated:
            yield _broken(token)


def _borne_ranks(claim: Claim, reading: Reading, pack: EvidencePack) -> frozenset[str]:
    """Returns the words of rank that figures bear; of `most` another rule sees to it."""
    most = frozenset({"most"}) if "most of the" in reading.text.casefold() else frozenset[str]()
    kinds = {fact.kind for fact in cited(claim, pack) if fact.arm == claim.arm}
    alone = all(token.text in ("", claim.arm) for _, token in reading.names())
    ranked = alone and Relation.HIGHEST in relations(claim, pack) and kinds == {FactKind.ALLOCATION}
    return most | (lexicon.words("largest highest greatest") if ranked and reading.has(_SHARED) else frozenset())


def rank_wording(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields ranks that are wrong or denied, and `best` without the chance of it."""
    right, wrong = lexicon.TOP, lexicon.BOTTOM
    if claim.relation is Relation.LOWEST:
        right, wrong = wrong, right
    if not reading.has(right):
        yield Violation("text", RuleId.WORDING, "no word says the rank", tuple(sorted(right)))
    judged = (_JUDGEMENTS - right - {"best"} | wrong | lexicon.NEGATORS) - {"of_being_best"}
    ranks = {token.clause for token in reading.words(right)}
    unsure = {token.clause for token in reading.words(lexicon.ASSERTIVE) if token.negated}
    for token in reading.words(judged):
        yield from () if token.text in lexicon.NEGATORS and token.clause in unsure - ranks else (_broken(token),)
    kinds = {fact.kind for fact in cited(claim, pack)}
    ranked = frozenset[str]().union(*(_RANKED.get(kind, frozenset()) for kind in kinds))
    for token in reading.words(_RANKABLE - ranked):
        yield _broken(token)
    for token in reading.words(lexicon.STRONG - {"evidence"}):
        yield from () if token.negated else (_broken(token),)
    chances = {token.clause for token in reading.words(lexicon.CHANCES)}
    bests = {token.clause for token in reading.words({"best", "of_being_best"})}
    if bests - chances or (bests and FactKind.PROBABILITY_BEST not in kinds):
        yield Violation("text", RuleId.WORDING, "best", ("probability of being best",))


def caveat_wording(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields what reassures, judges, denies a limit, or tells of adaptive allocation where there was none."""
    for token in reading.words(_JUDGEMENTS - lexicon.REASSURING - {"understate", "overstate"}):
        yield _broken(token)
    for token in reading.words(lexicon.REASSURING):
        yield from () if token.negated else (_broken(token),)
    for token in reading.words(lexicon.NEGATORS):
        words = reading.clause_words(token.clause)
        if not words & lexicon.REASSURING and not {"should", "compared"} <= words:
            yield _broken(token)
    for token in reading.words({"bias", "biased"} | lexicon.words("misleading distorted")):
        if reading.clause_words(token.clause) & _TRUSTED:
            yield _broken(token)
    versions = [fact.value for fact in cited(claim, pack) if fact.kind is FactKind.POLICY_VERSIONS]
    if reading.has(lexicon.ADAPTIVE) and not any(value > 1 for value in versions):
        yield Violation("text", RuleId.WORDING, "adaptive allocation", ("cite the policy versions",))


def _broken(token: Token) -> Violation:
    return Violation("text", RuleId.WORDING, f"negated {token.text}" if token.negated else token.text)
