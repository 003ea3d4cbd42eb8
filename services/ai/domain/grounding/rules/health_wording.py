"""R4 for health: the words say how the check ended, and of which check they speak."""

from collections.abc import Iterator, Mapping
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Claim
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.reading import Reading, Token
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from shared.statistics.health.finding import Check, Status

_SPLIT: Final = lexicon.words(
    """sample_ratio divided split splits share shares allocation assignment balance balanced imbalance imbalanced ratio
    traffic"""
)
TOPICS: Final[Mapping[Check, frozenset[str]]] = {
    Check.SAMPLE_RATIO: _SPLIT,
    Check.SEQUENTIAL_SAMPLE_RATIO: _SPLIT,
    Check.MULTIPLE_EXPOSURE: lexicon.words("exposure exposures exposed several multiple"),
    Check.OUTCOME_WITHOUT_EXPOSURE: lexicon.words("outcome outcomes"),
    Check.PRE_PERIOD_BALANCE: lexicon.words("before prior balance balanced imbalance period"),
    Check.FRESHNESS: lexicon.words("fresh freshness stale late old recent data"),
    Check.COMPLETENESS: lexicon.words("complete completeness incomplete missing data"),
    Check.MINIMUM_DATA: lexicon.words("data units enough sample observations"),
    Check.POWER: lexicon.words("power powered underpowered sample units"),
    Check.SURPRISING_LIFT: lexicon.words("lift effect difference result"),
    Check.EFFECT_DRIFT: lexicon.words("effect lift drift drifts drifted drifting stable"),
}
"""The words of which a text has to have one, so that it is known which check it tells of."""
_SAMPLE_CHECKS: Final = frozenset({Check.MINIMUM_DATA, Check.POWER, Check.COMPLETENESS})
_OF_RESULTS: Final = frozenset({Check.SURPRISING_LIFT, Check.EFFECT_DRIFT})
_RESULTS: Final = lexicon.words("lift lifts effect effects result results difference differences valid")
_SENSES: Final = (lexicon.UP | lexicon.DOWN | lexicon.BETTER | lexicon.WORSE) - lexicon.UNHEALTHY - lexicon.HEALTHY


def health_wording(claim: Claim, reading: Reading, _: EvidencePack) -> Iterator[Violation]:
    """Yields words that say another ending, speak of effects, or leave open which check is meant."""
    if claim.check is None or claim.status is None:
        yield Violation("check", RuleId.WORDING, "none", tuple(Check))
        return
    if not reading.has(TOPICS[claim.check]):
        yield Violation("text", RuleId.WORDING, f"not about {claim.check}", tuple(sorted(TOPICS[claim.check])))
    yield from _endings(claim.check, claim.status, reading)
    for token in reading.words(_SENSES | lexicon.TOP | lexicon.BOTTOM | lexicon.UNCHANGED - {"stable", "nothing"}):
        yield Violation("text", RuleId.WORDING, token.text)


def _endings(check: Check, status: Status, reading: Reading) -> Iterator[Violation]:
    said = list(_health_words(check, reading))
    if status is Status.NOT_ESTIMABLE:
        unknown = any(token.negated for token in reading.words(lexicon.JUDGING | {"checked", "estimated"}))
        if not unknown and not reading.has(lexicon.UNDECIDED):
            yield Violation("text", RuleId.WORDING, "not told as unknown", ("cannot be judged",))
        said = [(token, healthy) for token, healthy in said if token.text not in lexicon.SHORT]
        yield from (Violation("text", RuleId.WORDING, token.text) for token, _ in said)
        return
    passed = status is Status.PASS
    for token, healthy in said:
        if healthy is not passed:
            yield Violation("text", RuleId.WORDING, token.text)
    if not said:
        yield Violation("text", RuleId.WORDING, f"nothing says {status}")
    results = _RESULTS if passed else lexicon.words("hold holds held")
    if check not in _OF_RESULTS:
        yield from (Violation("text", RuleId.WORDING, token.text) for token in reading.words(results))
    if not passed:
        reassured = (token for token in reading.words(lexicon.REASSURING) if not token.negated)
        yield from (Violation("text", RuleId.WORDING, token.text) for token in reassured)


def _health_words(check: Check, reading: Reading) -> Iterator[tuple[Token, bool]]:
    good, bad = lexicon.HEALTHY, lexicon.UNHEALTHY
    if check in _SAMPLE_CHECKS:
        good, bad = good | lexicon.ENOUGH, bad | lexicon.SHORT
    for token in reading.words(good | bad):
        yield token, (token.text in good) is not token.negated
