"""R2: claims speak of what is in the pack, and cite what bears them."""

from collections.abc import Iterator
from typing import Final

from services.ai.domain.grounding.claims import Claim, ClaimKind, Recommendation, Relation
from services.ai.domain.grounding.evidence import EvidencePack, Fact
from services.ai.domain.grounding.kinds import DESCRIPTIVE, SIZES, FactKind
from services.ai.domain.grounding.reading import Reading
from services.ai.domain.grounding.rules.engine_view import baseline_of
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from shared.statistics.health.finding import Check

_K = FactKind
_SAMPLE: Final = frozenset({_K.UNITS, _K.TOTAL_UNITS, _K.EXPOSURES, _K.EFFECTIVE_UNITS, _K.REQUIRED_UNITS})
_EFFECT: Final = frozenset(
    {
        *(_K.DIFFERENCE, _K.DIFFERENCE_SIZE, _K.DIFFERENCE_LOW, _K.DIFFERENCE_HIGH, _K.RATIO, _K.P_VALUE, _K.MEAN),
        *(_K.RELATIVE_LIFT, _K.RELATIVE_LIFT_SIZE, _K.LIFT_LOW, _K.LIFT_HIGH),
    }
)
_DESCRIBED: Final = DESCRIPTIVE | {SIZES[kind] for kind in DESCRIPTIVE}
_PAST: Final = frozenset(kind for kind in _K if kind.value.startswith(("past_", "band_"))) | {_K.WIN_RATE, _K.BASELINE}
_SPLIT: Final = _SAMPLE | {_K.SAMPLE_RATIO_P_VALUE, _K.ALLOCATION, _K.PLANNED_SHARE}
_PLAN: Final = _SAMPLE | {
    *(_K.MISSING_UNITS, _K.MISSING_DAYS, _K.PLANNED_DAYS, _K.PLANNED_WEEKS, _K.UNITS_PER_DAY, _K.DAYS, _K.WEEKS),
    *(_K.ALPHA, _K.POWER, _K.MDE, _K.MARGIN, _K.ARM_COUNT, _K.COMPARISON_COUNT, _K.BASELINE, _K.STANDARD_DEVIATION),
    *(_K.CORRELATION, _K.PLANNED_SHARE, _K.TRAFFIC_SHARE),
}

BEARING: Final = {
    ClaimKind.EFFECT: _EFFECT | _DESCRIBED | {_K.BASELINE, _K.STANDARD_DEVIATION},
    ClaimKind.COMPARISON: _EFFECT,
    ClaimKind.POWER: _PLAN,
    ClaimKind.ALLOCATION: frozenset(
        {
            *(_K.ALLOCATION, _K.PLANNED_SHARE, _K.EXPLORATION_FLOOR, _K.TRAFFIC_SHARE, _K.PROBABILITY_BEST),
            *(_K.EXPECTED_LOSS, _K.REGRET, _K.POLICY_VERSIONS, _K.ARM_COUNT),
        }
    ),
    ClaimKind.CAVEAT: frozenset(_K),
    ClaimKind.HISTORY: _PAST | _DESCRIBED,
}
"""The kinds of facts that bear a kind of claim; HEALTH goes by its check."""
_ANY_HEALTH: Final = frozenset({_K.HEALTH_FIGURE, _K.DAYS, _K.AS_OF, _K.MULTIPLE_EXPOSURE_SHARE}) | _SAMPLE
_HEALTH: Final = {
    Check.SAMPLE_RATIO: _SPLIT,
    Check.SEQUENTIAL_SAMPLE_RATIO: _SPLIT,
    Check.SURPRISING_LIFT: _ANY_HEALTH | _EFFECT,
    Check.EFFECT_DRIFT: _ANY_HEALTH | _EFFECT,
    Check.POWER: _ANY_HEALTH | _PLAN,
}
_OF_ALL_PARTS: Final = frozenset({_K.AS_OF, _K.DAYS, _K.WEEKS, _K.ALPHA})
"""Facts of the experiment that hold of each segment, too."""
_OF_SEGMENTS: Final = frozenset({ClaimKind.EFFECT, ClaimKind.CAVEAT})
_TYPES: Final = (("metric", "M"), ("arm", "V"), ("baseline", "V"), ("subject", "XS"))


def membership(claim: Claim, _: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields aliases that the pack does not have, and fields that hold an alias of another sort."""
    for field, letters in _TYPES:
        alias = getattr(claim, field)
        if alias and (alias not in pack.ref_by_alias or alias[0] not in letters):
            allowed = tuple(one for one in pack.ref_by_alias if one[0] in letters)
            yield Violation(field, RuleId.MEMBERSHIP, alias, allowed)
    yield from _unknown_evidence(claim.evidence_ids, pack)
    if _is_of_part(claim, pack) and claim.kind not in _OF_SEGMENTS:
        yield Violation("subject", RuleId.MEMBERSHIP, f"{claim.kind} of {claim.subject}", tuple(sorted(_OF_SEGMENTS)))
    if claim.kind is ClaimKind.HEALTH and (claim.check, claim.status) not in _health(claim.arm, pack):
        allowed = tuple(f"{check}={status}" for check, status in _health(claim.arm, pack))
        yield Violation("check", RuleId.MEMBERSHIP, f"{claim.check}={claim.status}", allowed)


def citation(claim: Claim, _: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields evidence about something else than the claim, and the lack of any that bears it."""
    facts = [pack.fact_by_id[one] for one in claim.evidence_ids if one in pack.fact_by_id]
    for fact in facts:
        if not _in_scope(fact, claim, pack):
            got = f"{fact.evidence_id} is about {fact.metric or '-'} {fact.arm or '-'} {fact.subject or '-'}"
            yield Violation("evidence_ids", RuleId.CITATION, got, _bearing_ids(claim, pack))
    if not any(_bears(fact, claim) for fact in facts):
        yield Violation("evidence_ids", RuleId.CITATION, "nothing cited bears the claim", _bearing_ids(claim, pack))


def advice_membership(advice: Recommendation, _: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields evidence that the pack does not have, or that none is cited."""
    yield from _unknown_evidence(advice.evidence_ids, pack)


def _unknown_evidence(evidence_ids: tuple[str, ...], pack: EvidencePack) -> Iterator[Violation]:
    if not evidence_ids:
        yield Violation("evidence_ids", RuleId.MEMBERSHIP, "none", ("at least one",))
    for one in evidence_ids:
        if one not in pack.fact_by_id:
            yield Violation("evidence_ids", RuleId.MEMBERSHIP, one, tuple(pack.fact_by_id))


def _health(arm: str, pack: EvidencePack) -> list[tuple[object, object]]:
    return [(one.check, one.status) for one in pack.health if one.arm == arm]


def _is_of_part(claim: Claim, pack: EvidencePack) -> bool:
    """Says whether a claim is about a part of an experiment's units; where there are no arms there is no experiment."""
    return claim.subject.startswith("S") and bool(pack.arms)


def _in_scope(fact: Fact, claim: Claim, pack: EvidencePack) -> bool:
    if _is_of_part(claim, pack) and not fact.subject:
        return fact.kind in _OF_ALL_PARTS
    return (
        fact.metric in ("", claim.metric)
        and fact.arm in ("", claim.arm, baseline_of(claim, pack))
        and fact.subject in ("", claim.subject)
    )


def _bears(fact: Fact, claim: Claim) -> bool:
    if claim.kind is ClaimKind.HEALTH:
        kinds = _ANY_HEALTH if claim.check is None else _HEALTH.get(claim.check, _ANY_HEALTH)
        return fact.kind in kinds
    kinds = BEARING[claim.kind] | (_SAMPLE if claim.relation is Relation.INSUFFICIENT_DATA else frozenset())
    if claim.kind in (ClaimKind.POWER, ClaimKind.CAVEAT):
        return fact.kind in kinds
    same_metric = fact.metric == claim.metric or fact.kind in _SAMPLE or claim.kind is ClaimKind.ALLOCATION
    return fact.kind in kinds and same_metric and (fact.arm, fact.subject) == (claim.arm, claim.subject)


def _bearing_ids(claim: Claim, pack: EvidencePack) -> tuple[str, ...]:
    return tuple(one.evidence_id for one in pack.facts if _in_scope(one, claim, pack) and _bears(one, claim))
