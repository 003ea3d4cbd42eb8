"""Experiments with two arms, as evidence packs, from the little that a case has to say of them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from services.ai.domain.grounding.evidence import (
    ArmRef,
    ComparisonStatus,
    EngineDecision,
    EngineVerdict,
    EvidencePack,
    HealthVerdict,
    MetricRef,
)
from services.ai.domain.grounding.gathering import Gatherer
from services.ai.domain.grounding.kinds import FactKind, Unit
from shared.definition.model import MetricDirection, MetricRole
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Check, Status

AS_OF: Final = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Effect:
    """Is what an experiment with two arms found on one metric."""

    control_mean: float
    arm_mean: float
    low: float
    high: float
    p_value: float
    status: ComparisonStatus
    direction: MetricDirection = MetricDirection.MAXIMIZE
    role: MetricRole = MetricRole.PRIMARY
    unit: Unit = Unit.SHARE
    units: int = 48_000
    required: int = 40_000
    split: Status = Status.PASS
    decision: Verdict = Verdict.CONTINUE
    metric_id: str = "checkout_rate"
    arm_id: str = "one-page-checkout"


def pack_of(effect: Effect) -> EvidencePack:
    """Returns the pack of an experiment with two arms, and a second metric to confuse the first with."""
    facts, reached = Gatherer(), effect.units >= effect.required
    difference = Unit.POINTS if effect.unit is Unit.SHARE else effect.unit
    for arm, mean, units in (("V1", effect.control_mean, effect.units - 217), ("V2", effect.arm_mean, effect.units)):
        facts.add(FactKind.UNITS, units, Unit.UNITS, arm=arm)
        facts.add(FactKind.MEAN, mean, effect.unit, metric="M1", arm=arm, unit_count=units)
    facts.add(FactKind.TOTAL_UNITS, 2 * effect.units - 217, Unit.UNITS)
    facts.add(FactKind.DAYS, 14, Unit.DAYS)
    change = effect.arm_mean - effect.control_mean
    for kind, value, unit in (
        (FactKind.DIFFERENCE, change, difference),
        (FactKind.RELATIVE_LIFT, change / effect.control_mean, Unit.SHARE),
        (FactKind.LIFT_LOW, effect.low, Unit.SHARE),
        (FactKind.LIFT_HIGH, effect.high, Unit.SHARE),
        (FactKind.P_VALUE, effect.p_value, Unit.PROBABILITY),
    ):
        facts.add(kind, value, unit, metric="M1", arm="V2")
    facts.add(FactKind.REQUIRED_UNITS, effect.required, Unit.UNITS)
    if not reached:
        facts.add(FactKind.MISSING_UNITS, effect.required - effect.units, Unit.UNITS)
        facts.add(FactKind.MISSING_DAYS, 5, Unit.DAYS)
    facts.add(FactKind.SAMPLE_RATIO_P_VALUE, 0.42 if effect.split is Status.PASS else 0.00003, Unit.PROBABILITY)
    facts.add(FactKind.MEAN, 21.4, Unit.VALUE, metric="M2", arm="V2")
    facts.add(FactKind.RELATIVE_LIFT, 0.011, Unit.SHARE, metric="M2", arm="V2")
    return EvidencePack(
        AS_OF,
        metrics=(
            MetricRef("M1", effect.metric_id, effect.direction, effect.role),
            MetricRef("M2", "items_per_basket", MetricDirection.MAXIMIZE, MetricRole.SECONDARY),
        ),
        arms=(ArmRef("V1", "control", control=True), ArmRef("V2", effect.arm_id)),
        facts=tuple(facts.facts),
        verdicts=(
            EngineVerdict("M1", "V2", "V1", effect.status, sample_reached=reached),
            EngineVerdict("M2", "V2", "V1", ComparisonStatus.NO_DETECTABLE_CHANGE, sample_reached=reached),
        ),
        health=(HealthVerdict(Check.SAMPLE_RATIO, effect.split),),
        sample_reached=reached,
        decision=EngineDecision(effect.decision, "V2" if effect.decision is Verdict.SHIP else ""),
    )
