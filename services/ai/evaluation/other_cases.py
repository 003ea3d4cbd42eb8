"""Cases without a fixed comparison: a bandit at work, and what is known before an experiment."""

from dataclasses import replace

from services.ai.domain.grounding.claims import Certainty, ClaimKind, Relation, Valence
from services.ai.domain.grounding.evidence import (
    ArmRef,
    ComparisonStatus,
    EngineDecision,
    EngineVerdict,
    EvidencePack,
    HealthVerdict,
    MetricRef,
    SubjectRef,
)
from services.ai.domain.grounding.gathering import Gatherer
from services.ai.domain.grounding.kinds import FactKind, Unit
from services.ai.evaluation.case import Case, claimed
from services.ai.evaluation.experiments import AS_OF
from shared.definition.model import MetricDirection, MetricRole
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Check, Status


def bandit_cases() -> tuple[Case, ...]:
    """Returns cases of a bandit with three arms."""
    pack = _bandit_pack()
    allocation = ClaimKind.ALLOCATION
    best = claimed(pack, allocation, FactKind.PROBABILITY_BEST, metric="M1", arm="V3", relation=Relation.HIGHEST)
    share = claimed(pack, allocation, FactKind.ALLOCATION, arm="V3")
    caveat = claimed(pack, ClaimKind.CAVEAT, FactKind.POLICY_VERSIONS)
    return (
        Case(
            "likely_best",
            pack,
            replace(best, metric=""),
            (
                "<a> has the highest probability of being best, <best>.",
                "<a> is most likely to be the best arm (<best>).",
            ),
        ),
        Case("traffic", pack, share, ("<a> receives <share> of the units.", "The current share of <a> is <share>.")),
        Case(
            "adaptive_caveat",
            pack,
            caveat,
            (
                "Under adaptive allocation, plain means are biased.",
                "Allocation was adaptive over <versions> versions of the policy, so read plain means with care.",
            ),
        ),
    )


def _bandit_pack() -> EvidencePack:
    facts = Gatherer()
    for arm, best, share in (("V1", 0.03, 0.1), ("V2", 0.15, 0.22), ("V3", 0.82, 0.68)):
        facts.add(FactKind.PROBABILITY_BEST, best, Unit.SHARE, arm=arm)
        facts.add(FactKind.ALLOCATION, share, Unit.SHARE, arm=arm)
    facts.add(FactKind.EXPLORATION_FLOOR, 0.05, Unit.SHARE)
    facts.add(FactKind.POLICY_VERSIONS, 6, Unit.COUNT)
    return EvidencePack(
        AS_OF,
        metrics=(MetricRef("M1", "click_rate", MetricDirection.MAXIMIZE, MetricRole.PRIMARY),),
        arms=(ArmRef("V1", "control", control=True), ArmRef("V2", "banner-b"), ArmRef("V3", "banner-c")),
        facts=tuple(facts.facts),
        health=(HealthVerdict(Check.SAMPLE_RATIO, Status.PASS),),
        decision=EngineDecision(Verdict.CONTINUE),
    )


def past_cases() -> tuple[Case, ...]:
    """Returns cases of planning, where nothing runs yet."""
    pack = _past_pack()
    history = ClaimKind.HISTORY
    down, worse = Relation.DECREASE, Valence.WORSE
    return (
        Case(
            "past",
            pack,
            claimed(pack, history, FactKind.PAST_EXPERIMENTS, metric="M1"),
            ("<wins> of <past> past experiments on <m> won.", "The win rate of past experiments on <m> is <win_rate>."),
        ),
        Case(
            "past_win",
            pack,
            claimed(
                pack,
                history,
                FactKind.PAST_LIFT,
                metric="M1",
                subject="X1",
                relation=Relation.INCREASE,
                valence=Valence.BETTER,
                certainty=Certainty.ESTABLISHED,
            ),
            (
                "<x> increased <m> by <past_lift_size>.",
                "In <x>, <m> was significantly higher, with a lift of <past_lift>.",
            ),
        ),
        Case(
            "trend_down",
            pack,
            claimed(pack, history, FactKind.TREND, metric="M1", relation=down, valence=worse),
            ("<m> fell by <trend_size> of late.", "<m> shows a downward trend of <trend>."),
        ),
        Case(
            "segment_low",
            pack,
            claimed(pack, history, FactKind.SEGMENT_GAP, metric="M1", subject="S1", relation=down, valence=worse),
            ("<m> is lower in <s> than in the rest, by <gap_size>.", "<s> is below the other units on <m>."),
        ),
    )


def _past_pack() -> EvidencePack:
    facts = Gatherer()
    facts.add(FactKind.PAST_EXPERIMENTS, 9, Unit.COUNT, metric="M1")
    facts.add(FactKind.PAST_WINS, 4, Unit.COUNT, metric="M1")
    facts.add(FactKind.WIN_RATE, 4 / 9, Unit.SHARE, metric="M1")
    facts.add(FactKind.PAST_LIFT, 0.038, Unit.SHARE, metric="M1", subject="X1")
    facts.add(FactKind.TREND, -0.052, Unit.SHARE, metric="M1")
    facts.add(FactKind.SEGMENT_GAP, -0.31, Unit.SHARE, metric="M1", subject="S1")
    return EvidencePack(
        AS_OF,
        metrics=(MetricRef("M1", "signup_rate", MetricDirection.MAXIMIZE, MetricRole.PRIMARY),),
        subjects=(SubjectRef("X1", "guest-checkout-test"), SubjectRef("S1", "device-mobile")),
        facts=tuple(facts.facts),
        verdicts=(EngineVerdict("M1", "", "", ComparisonStatus.BETTER, subject="X1"),),
    )
