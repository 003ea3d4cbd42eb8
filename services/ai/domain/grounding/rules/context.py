"""R4: no circumstances that nothing bears: times, parts of the units, other quantities than the metric."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Claim, ClaimKind, Relation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.reading import Reading, TokenKind
from services.ai.domain.grounding.rules.engine_view import DIRECTED, cited
from services.ai.domain.grounding.rules.gaps import misread
from services.ai.domain.grounding.rules.in_segments import effects_in_segments
from services.ai.domain.grounding.rules.subsets import subsets
from services.ai.domain.grounding.rules.totality import totalities
from services.ai.domain.grounding.rules.violation import RuleId, Violation

_K = FactKind
_TIMED: Final = frozenset(
    {
        *(_K.DAYS, _K.WEEKS, _K.MISSING_DAYS, _K.PLANNED_DAYS, _K.PLANNED_WEEKS, _K.UNITS_PER_DAY, _K.AS_OF),
        *(_K.TREND, _K.TREND_SIZE),
    }
)
_TIMES: Final = lexicon.words("day days week weeks")
_EACH: Final = lexicon.words("a an per each every")
_TIMELESS: Final = lexicon.words("keep keeps kept keeping again still stay stays stayed repeatedly before after")
_PARTS: Final = lexicon.words(
    """segment segments group groups cohort part parts portion portions fraction fractions population some_units mainly
    mostly partly case cases historically particular particularly generally usually typically only"""
)
_QUANTITIES: Final = lexicon.words(
    """variance noise uncertainty spread precision error errors sample samples traffic share shares allocation weight
    weights probability chance chances likelihood exposure exposures regret power duration number numbers count
    counts width correlation deviation standard_deviation expected_loss policy
    policies"""
)
_SAMPLES: Final = lexicon.words("sample samples")
_EXPERIMENTS: Final = lexicon.words(
    "experiment experiments test tests trial trials study studies arm arms variant variants treatment control baseline"
)
_OTHER_THINGS: Final = lexicon.words(
    """record experiments tests trials studies metrics others goal goals target targets threshold thresholds limit
    limits per further another additional next needs send sends sent route routes routed divide divides divided"""
)
_MORE_OF: Final = lexicon.words("data units users visitors customers sessions than are is")
_PLANS: Final = lexicon.words("plan plans planned intended")
_REFERENCES: Final = lexicon.words("than versus vs against compared_with relative_to over beyond")
_REACH: Final = 6
_AUXILIARIES: Final = lexicon.words("do does did is are was were has had can could")
_MEASURED: Final = frozenset({ClaimKind.EFFECT, ClaimKind.COMPARISON, ClaimKind.HISTORY})
_JUDGED: Final = DIRECTED | {Relation.NO_DETECTABLE_CHANGE}


def context(claim: Claim, reading: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields words for circumstances that the cited facts do not bear, and clauses that say no more than `it does`."""
    wide = (*totalities(claim, reading, pack), *misread(claim, reading, pack), *subsets(claim, reading))
    for word in (*_rates(reading), *_ellipses(reading), *wide, *effects_in_segments(claim, reading)):
        yield _broken(word)
    if not any(fact.kind in _TIMED for fact in cited(claim, pack)):
        yield from (_broken(token.text) for token in reading.words(_TIMES))
    if claim.kind not in _MEASURED or claim.relation not in _JUDGED:
        return
    yield from (_broken(word) for word in (*_unnamed(claim, reading), *_samples(reading, pack)))
    unborne = _QUANTITIES - _SAMPLES | _TIMELESS | (set() if claim.subject.startswith("S") else _PARTS)
    unborne |= _OTHER_THINGS if claim.arm or claim.subject.startswith("X") else frozenset()
    if not claim.arm and not claim.subject.startswith("X"):
        unborne |= _EXPERIMENTS
    for token in reading.words(unborne):
        yield _broken(token.text)


def _unnamed(claim: Claim, reading: Reading) -> Iterator[str]:
    """Yields comparisons of an arm with something that is no arm: `compared with earlier versions`."""
    for token, after in pairwise(reading.tokens):
        another = token.kind is TokenKind.WORD and token.text == "other" and after.text not in ("arm", "variant")
        stronger = token.text == "more" and after.text not in _MORE_OF
        if (another or stronger) and (claim.arm or claim.subject.startswith("X")):
            yield f"{token.text} {after.text}"
    for token in reading.words(_PLANS):
        if claim.arm and not reading.clause_words(token.clause) & {"sample", "units", "size"}:
            yield token.text
    for index, token in enumerate(reading.tokens):
        if claim.arm and token.kind is TokenKind.WORD and token.text in _REFERENCES:
            following = reading.tokens[index + 1 : index + _REACH]
            if all(one.kind not in (TokenKind.NAME, TokenKind.SLOT) for one in following):
                yield f"{token.text} what is not named"


def _samples(reading: Reading, pack: EvidencePack) -> Iterator[str]:
    """Yields samples, unless they are told of as complete, or as not, where they are."""
    for token in reading.words(_SAMPLES):
        told = [one for one in reading.words(lexicon.ENOUGH) if one.clause == token.clause]
        if not told or any(one.negated is not (pack.sample_reached is False) for one in told):
            yield token.text


def _rates(reading: Reading) -> Iterator[str]:
    """Yields what makes a figure one of each day or unit: `by {{E1}} a day`."""
    for index, _ in reading.facts:
        after = [token.text for token in reading.tokens[index + 1 : index + 3]]
        if len(after) == 2 and after[0] in _EACH and after[1].isalpha():
            yield " ".join(after)


def _ellipses(reading: Reading) -> Iterator[str]:
    """Yields auxiliaries at the end of a clause, which affirm or deny what no rule sees."""
    words = [token for token in reading.tokens if token.kind is not TokenKind.MARK]
    for token, after in pairwise([*words, None]):
        if token and token.text in _AUXILIARIES and (after is None or after.clause != token.clause):
            yield token.text


def _broken(got: str) -> Violation:
    return Violation("text", RuleId.CONTEXT, got, ("what the cited facts bear",))
