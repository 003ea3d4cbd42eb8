"""Cases of an experiment with two arms: its effect, its health, its sample, and what to do."""

from services.ai.domain.grounding.claims import Certainty, ClaimKind, Recommendation, Relation, Valence
from services.ai.domain.grounding.evidence import ComparisonStatus
from services.ai.domain.grounding.kinds import FactKind
from services.ai.evaluation.case import Case, claimed
from services.ai.evaluation.experiments import Effect, pack_of
from shared.definition.model import MetricDirection
from shared.statistics.health.finding import Check, Status


def effect_case(name: str, effect: Effect, *texts: str) -> Case:
    """Returns the case of the effect on the first metric, as sure as it may be."""
    pack, relation = pack_of(effect), relation_of(effect)
    claim = claimed(
        pack,
        ClaimKind.EFFECT,
        FactKind.P_VALUE,
        metric="M1",
        arm="V2",
        relation=relation,
        valence=valence_of(effect),
        certainty=certainty_of(effect),
    )
    return Case(name, pack, claim, texts)


def health_case(name: str, effect: Effect, *texts: str) -> Case:
    """Returns the case of the sample ratio check."""
    pack = pack_of(effect)
    cites = FactKind.SAMPLE_RATIO_P_VALUE
    claim = claimed(pack, ClaimKind.HEALTH, cites, check=Check.SAMPLE_RATIO, status=effect.split)
    return Case(name, pack, claim, texts)


def power_case(name: str, effect: Effect, *texts: str) -> Case:
    """Returns the case of the planned sample."""
    pack, reached = pack_of(effect), effect.units >= effect.required
    relation = Relation.SUFFICIENT_DATA if reached else Relation.INSUFFICIENT_DATA
    claim = claimed(pack, ClaimKind.POWER, FactKind.REQUIRED_UNITS, arm="V2", relation=relation)
    return Case(name, pack, claim, texts)


def advice_case(name: str, effect: Effect, *texts: str) -> Case:
    """Returns the case of the engine's advice."""
    pack = pack_of(effect)
    arm = pack.decision.arm if pack.decision else ""
    return Case(name, pack, Recommendation(effect.decision, ("E1",), "", arm), texts)


def relation_of(effect: Effect) -> Relation:
    """Returns the relation that an effect bears."""
    if effect.status is ComparisonStatus.NO_DETECTABLE_CHANGE:
        return Relation.NO_DETECTABLE_CHANGE
    if effect.status is ComparisonStatus.INSUFFICIENT_DATA:
        return Relation.INSUFFICIENT_DATA
    return Relation.INCREASE if effect.arm_mean > effect.control_mean else Relation.DECREASE


def valence_of(effect: Effect) -> Valence:
    """Returns what an effect is worth."""
    relation = relation_of(effect)
    if relation not in (Relation.INCREASE, Relation.DECREASE):
        return Valence.NEUTRAL
    good = (relation is Relation.INCREASE) == (effect.direction is MetricDirection.MAXIMIZE)
    return Valence.BETTER if good else Valence.WORSE


def certainty_of(effect: Effect) -> Certainty:
    """Returns the most that may be claimed of an effect."""
    if valence_of(effect) is Valence.NEUTRAL or effect.split is Status.FAIL:
        return Certainty.INCONCLUSIVE
    return Certainty.ESTABLISHED if effect.units >= effect.required else Certainty.SUGGESTIVE
