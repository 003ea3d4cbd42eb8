"""What the engine says of the thing that a claim is about."""

from collections.abc import Iterator
from typing import Final

from services.ai.domain.grounding.claims import Certainty, Claim, ClaimKind, Relation, Valence
from services.ai.domain.grounding.evidence import ComparisonStatus, EngineVerdict, EvidencePack, Fact
from services.ai.domain.grounding.kinds import DESCRIPTIVE
from shared.definition.model import MetricDirection
from shared.statistics.health.finding import Check, Status

DIRECTED: Final = frozenset({Relation.INCREASE, Relation.DECREASE})
_DECIDED: Final = frozenset({ComparisonStatus.BETTER, ComparisonStatus.WORSE})
_SAMPLE_RATIOS: Final = frozenset({Check.SAMPLE_RATIO, Check.SEQUENTIAL_SAMPLE_RATIO})
_ORDER: Final = (Certainty.INCONCLUSIVE, Certainty.SUGGESTIVE, Certainty.ESTABLISHED)


def cited(claim: Claim, pack: EvidencePack) -> Iterator[Fact]:
    """Returns the facts that a claim cites, as far as the pack has them."""
    return (pack.fact_by_id[one] for one in claim.evidence_ids if one in pack.fact_by_id)


def baseline_of(claim: Claim, pack: EvidencePack) -> str:
    """Returns the alias of what the claim's arm is compared with; empty: it is about no arm."""
    return (claim.baseline or pack.control) if claim.arm else ""


def verdict_for(claim: Claim, pack: EvidencePack) -> EngineVerdict | None:
    """Returns the engine's verdict on the comparison that a claim tells of; None: there is none."""
    return pack.verdict_on(claim.metric, claim.arm, claim.baseline, claim.subject)


def relations(claim: Claim, pack: EvidencePack) -> frozenset[Relation]:
    """Returns the relations that the engine bears; telling figures is always among them."""
    return frozenset({Relation.STATED, *_borne(claim, pack)})


def valence_of(relation: Relation, metric: str, pack: EvidencePack) -> Valence:
    """Returns what a relation is worth, given the direction that is wanted."""
    ref = pack.metric(metric)
    if relation not in DIRECTED or ref is None:
        return Valence.NEUTRAL
    good = (relation is Relation.INCREASE) == (ref.direction is MetricDirection.MAXIMIZE)
    return Valence.BETTER if good else Valence.WORSE


def ceiling(claim: Claim, pack: EvidencePack) -> Certainty:
    """Returns the most that may be claimed: ESTABLISHED needs significance, sample, and a sample ratio that passed."""
    verdict = verdict_for(claim, pack)
    if verdict is None or verdict.status not in _DECIDED or (claim.arm and _failed(claim.arm, pack)):
        return Certainty.INCONCLUSIVE
    enough = verdict.sample_reached or verdict.any_time_valid
    sound = not claim.arm or any(one.check in _SAMPLE_RATIOS and one.status is Status.PASS for one in pack.health)
    return Certainty.ESTABLISHED if enough and sound and not verdict.demoted else Certainty.SUGGESTIVE


def lowered(claim: Claim, pack: EvidencePack) -> Certainty:
    """Returns the claim's certainty, or the ceiling where that is lower."""
    return min(claim.certainty, ceiling(claim, pack), key=_ORDER.index)


def _failed(arm: str, pack: EvidencePack) -> bool:
    return any(one.status is Status.FAIL and one.arm in ("", arm) for one in pack.health)


def _borne(claim: Claim, pack: EvidencePack) -> Iterator[Relation]:
    if claim.kind is ClaimKind.POWER and pack.sample_reached is not None:
        yield Relation.SUFFICIENT_DATA if pack.sample_reached else Relation.INSUFFICIENT_DATA
    if claim.kind is ClaimKind.ALLOCATION:
        yield from _ranks(claim, pack)
    if claim.kind in (ClaimKind.EFFECT, ClaimKind.COMPARISON, ClaimKind.HISTORY):
        if verdict := verdict_for(claim, pack):
            yield _relation_of(verdict, pack)
        yield from _described(claim, pack)


def _relation_of(verdict: EngineVerdict, pack: EvidencePack) -> Relation:
    if verdict.status not in _DECIDED:
        return Relation(verdict.status.value.lower())
    ref = pack.metric(verdict.metric)
    maximize = ref is None or ref.direction is MetricDirection.MAXIMIZE
    return Relation.INCREASE if maximize == (verdict.status is ComparisonStatus.BETTER) else Relation.DECREASE


def _described(claim: Claim, pack: EvidencePack) -> Iterator[Relation]:
    """Yields the sign of a trend or a gap: of what is, no engine has to judge."""
    for fact in cited(claim, pack):
        if fact.kind in DESCRIPTIVE and (fact.metric, fact.subject) == (claim.metric, claim.subject) and not claim.arm:
            yield from (Relation.INCREASE,) if fact.value > 0 else ()
            yield from (Relation.DECREASE,) if fact.value < 0 else ()


def _ranks(claim: Claim, pack: EvidencePack) -> Iterator[Relation]:
    for fact in cited(claim, pack):
        rivals = [one.value for one in pack.facts if (one.kind, one.metric) == (fact.kind, fact.metric) and one.arm]
        others = len(rivals) > 1 and fact.arm and fact.arm == claim.arm and rivals.count(fact.value) == 1
        if others and fact.value == max(rivals):
            yield Relation.HIGHEST
        if others and fact.value == min(rivals):
            yield Relation.LOWEST
