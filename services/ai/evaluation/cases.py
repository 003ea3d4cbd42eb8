"""The cases that the validator is measured on: a pack, a typed claim that it bears, and true words for it.

Words are written with short slots: `<m>` metric, `<a>` arm, `<c>` control, `<x>` past experiment, `<s>` segment, and
facts by the names of `FACTS`, with `c.` those of the control.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from services.ai.domain.grounding.claims import (
    Answer,
    Certainty,
    Claim,
    ClaimKind,
    Recommendation,
    Relation,
    Valence,
)
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
from shared.definition.model import MetricDirection, MetricRole
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Check, Status

AS_OF: Final = datetime(2026, 3, 2, tzinfo=UTC)
FACTS: Final[Mapping[str, FactKind]] = {
    "n": FactKind.UNITS,
    "total": FactKind.TOTAL_UNITS,
    "required": FactKind.REQUIRED_UNITS,
    "missing": FactKind.MISSING_UNITS,
    "days": FactKind.DAYS,
    "weeks": FactKind.WEEKS,
    "missing_days": FactKind.MISSING_DAYS,
    "mean": FactKind.MEAN,
    "diff": FactKind.DIFFERENCE,
    "diff_size": FactKind.DIFFERENCE_SIZE,
    "lift": FactKind.RELATIVE_LIFT,
    "lift_size": FactKind.RELATIVE_LIFT_SIZE,
    "low": FactKind.LIFT_LOW,
    "high": FactKind.LIFT_HIGH,
    "p": FactKind.P_VALUE,
    "srm_p": FactKind.SAMPLE_RATIO_P_VALUE,
    "best": FactKind.PROBABILITY_BEST,
    "share": FactKind.ALLOCATION,
    "floor": FactKind.EXPLORATION_FLOOR,
    "versions": FactKind.POLICY_VERSIONS,
    "past": FactKind.PAST_EXPERIMENTS,
    "wins": FactKind.PAST_WINS,
    "win_rate": FactKind.WIN_RATE,
    "past_lift": FactKind.PAST_LIFT,
    "past_lift_size": FactKind.PAST_LIFT_SIZE,
    "trend": FactKind.TREND,
    "trend_size": FactKind.TREND_SIZE,
    "gap": FactKind.SEGMENT_GAP,
    "gap_size": FactKind.SEGMENT_GAP_SIZE,
}
_SHORT: Final = re.compile(r"<(c\.)?([a-z_]+)>")


@dataclass(frozen=True, slots=True)
class Case:
    """Is a typed claim or an advice that a pack bears; `texts` are true words for it."""

    name: str
    pack: EvidencePack
    claim: Claim | Recommendation
    texts: tuple[str, ...] = ()

    def said(self, text: str) -> Claim | Recommendation:
        """Returns the claim in other words, citing the facts that they have slots of."""
        worded = self._with_slots(text)
        slots = tuple(dict.fromkeys(re.findall(r"\{\{(E\d+)", worded)))
        return replace(self.claim, text=worded, evidence_ids=tuple(dict.fromkeys((*slots, *self.claim.evidence_ids))))

    def answer(self, text: str) -> Answer:
        """Returns an answer of that one claim or advice."""
        said = self.said(text)
        if isinstance(said, Recommendation):
            return Answer(self.pack.sha256, recommendation=said)
        return Answer(self.pack.sha256, statements=(said,))

    def _with_slots(self, text: str) -> str:
        return _SHORT.sub(lambda found: f"{{{{{self._alias(found[2], control=bool(found[1]))}}}}}", text)

    def _alias(self, name: str, *, control: bool) -> str:
        metric, subject = getattr(self.claim, "metric", ""), getattr(self.claim, "subject", "")
        arm = self.claim.arm or (self.pack.arms[-1].alias if self.pack.arms else "")
        names = {"m": metric, "a": arm, "c": self.pack.control, "x": subject, "s": subject}
        if names.get(name):
            return names[name]
        kind, of = FACTS[name], self.pack.control if control else arm
        found = [one for one in self.pack.facts if one.kind is kind and one.metric in ("", metric)]
        ranked = [one.evidence_id for one in found if one.arm == of] + [one.evidence_id for one in found if not one.arm]
        return ranked[0]


def cases() -> tuple[Case, ...]:
    """Returns all cases, each with a pack of its own."""
    return (*_effects(), *_conditions(), *_bandit(), *_past(), *_advice())


@dataclass(frozen=True, slots=True)
class _Effect:
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


def _pack(effect: _Effect) -> EvidencePack:
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
    # A second metric, so that there is something to confuse the first with.
    facts.add(FactKind.MEAN, 21.4, Unit.VALUE, metric="M2", arm="V2")
    facts.add(FactKind.RELATIVE_LIFT, 0.011, Unit.SHARE, metric="M2", arm="V2")
    return EvidencePack(
        AS_OF,
        metrics=(
            MetricRef("M1", "checkout_rate", effect.direction, effect.role),
            MetricRef("M2", "items_per_basket", MetricDirection.MAXIMIZE, MetricRole.SECONDARY),
        ),
        arms=(ArmRef("V1", "control", control=True), ArmRef("V2", "one-page-checkout")),
        facts=tuple(facts.facts),
        verdicts=(
            EngineVerdict("M1", "V2", "V1", effect.status, sample_reached=reached),
            EngineVerdict("M2", "V2", "V1", ComparisonStatus.NO_DETECTABLE_CHANGE, sample_reached=reached),
        ),
        health=(HealthVerdict(Check.SAMPLE_RATIO, effect.split),),
        sample_reached=reached,
        decision=EngineDecision(effect.decision, "V2" if effect.decision is Verdict.SHIP else ""),
    )


_UP: Final = _Effect(0.124, 0.1307, 0.031, 0.077, 0.0002, ComparisonStatus.BETTER, decision=Verdict.SHIP)
_FASTER: Final = _Effect(
    812.0, 761.0, -0.084, -0.041, 0.0001, ComparisonStatus.BETTER, MetricDirection.MINIMIZE, unit=Unit.VALUE
)
_REFUNDS: Final = _Effect(
    0.021,
    0.0247,
    0.09,
    0.262,
    0.0004,
    ComparisonStatus.WORSE,
    MetricDirection.MINIMIZE,
    MetricRole.GUARDRAIL,
    decision=Verdict.ROLL_BACK,
)
_DOWN: Final = _Effect(8.43, 8.02, -0.081, -0.016, 0.003, ComparisonStatus.WORSE, unit=Unit.USD)
_NOTHING: Final = _Effect(0.124, 0.1249, -0.011, 0.026, 0.44, ComparisonStatus.NO_DETECTABLE_CHANGE)
_THIN: Final = _Effect(0.12, 0.14, -0.4, 0.9, 0.71, ComparisonStatus.INSUFFICIENT_DATA, units=310)
_EARLY: Final = replace(_UP, units=23_500, decision=Verdict.CONTINUE)
_BROKEN: Final = replace(_UP, split=Status.FAIL, decision=Verdict.INVESTIGATE)
_STOPPED: Final = replace(_NOTHING, decision=Verdict.STOP_INCONCLUSIVE)


def _claimed(pack: EvidencePack, kind: ClaimKind, cites: FactKind, **fields: object) -> Claim:
    arm = str(fields.get("arm", ""))
    found = [one for one in pack.facts if one.kind is cites and one.arm in (arm, "")]
    return Claim(kind, (found[0].evidence_id,), "", **fields)  # type: ignore[arg-type]


def _effect(name: str, effect: _Effect, relation: Relation, texts: Sequence[str], *, sure: Certainty) -> Case:
    pack = _pack(effect)
    good = (relation is Relation.INCREASE) == (effect.direction is MetricDirection.MAXIMIZE)
    directed = relation in (Relation.INCREASE, Relation.DECREASE)
    worth = (Valence.BETTER if good else Valence.WORSE) if directed else Valence.NEUTRAL
    claim = _claimed(
        pack,
        ClaimKind.EFFECT,
        FactKind.P_VALUE,
        metric="M1",
        arm="V2",
        relation=relation,
        valence=worth,
        certainty=sure,
    )
    return Case(name, pack, claim, tuple(texts))


def _effects() -> tuple[Case, ...]:
    sure, unsure = Certainty.ESTABLISHED, Certainty.INCONCLUSIVE
    return (
        _effect(
            "up_good",
            _UP,
            Relation.INCREASE,
            (
                "<a> increased <m> from <c.mean> to <mean>, a relative lift of <lift>.",
                "<m> is higher in <a> than in <c> by <diff_size>, which is statistically significant (p-value <p>).",
                "<a> improved <m>: the interval of the lift is from <low> to <high>.",
            ),
            sure=sure,
        ),
        _effect(
            "down_good",
            _FASTER,
            Relation.DECREASE,
            (
                "<a> decreased <m> by <lift_size>; lower is better.",
                "<m> improved in <a>: it fell from <c.mean> to <mean>.",
                "<m> is significantly lower in <a> than in <c> (p-value <p>).",
            ),
            sure=sure,
        ),
        _effect(
            "up_bad",
            _REFUNDS,
            Relation.INCREASE,
            (
                "<a> made <m> worse: it rose by <lift_size>.",
                "The guardrail <m> increased from <c.mean> to <mean> in <a>, which is a harm.",
                "<m> is significantly higher in <a> than in <c> (p-value <p>).",
            ),
            sure=sure,
        ),
        _effect(
            "down_bad",
            _DOWN,
            Relation.DECREASE,
            (
                "<a> lowered <m> by <lift_size>, from <c.mean> to <mean>.",
                "<a> is worse than <c> on <m>, with a lift of <lift>.",
                "<m> fell significantly in <a>: the interval of the lift is from <low> to <high>.",
            ),
            sure=sure,
        ),
        _effect(
            "none",
            _NOTHING,
            Relation.NO_DETECTABLE_CHANGE,
            (
                "No change of <m> was detected in <a>: the interval of the lift is from <low> to <high>.",
                "The effect of <a> on <m> is inconclusive (p-value <p>).",
                "The data do not show whether <a> raises or lowers <m>.",
            ),
            sure=unsure,
        ),
        _effect(
            "thin",
            _THIN,
            Relation.INSUFFICIENT_DATA,
            (
                "There is too little data on <m> in <a> to say anything.",
                "<n> units in <a> are not enough to judge <m>.",
            ),
            sure=unsure,
        ),
        _effect(
            "suggestive",
            _EARLY,
            Relation.INCREASE,
            (
                "<m> appears to be higher in <a> than in <c>, with a lift of <lift>.",
                "The data suggest that <a> increases <m>, which is not established.",
            ),
            sure=Certainty.SUGGESTIVE,
        ),
    )


def _conditions() -> tuple[Case, ...]:
    def health(name: str, effect: _Effect, texts: Sequence[str]) -> Case:
        pack = _pack(effect)
        claim = _claimed(
            pack,
            ClaimKind.HEALTH,
            FactKind.SAMPLE_RATIO_P_VALUE,
            check=Check.SAMPLE_RATIO,
            status=effect.split,
        )
        return Case(name, pack, claim, tuple(texts))

    def power(name: str, effect: _Effect, relation: Relation, texts: Sequence[str]) -> Case:
        pack = _pack(effect)
        claim = _claimed(pack, ClaimKind.POWER, FactKind.REQUIRED_UNITS, arm="V2", relation=relation)
        return Case(name, pack, claim, tuple(texts))

    return (
        health(
            "split_failed",
            _BROKEN,
            (
                "The sample ratio check failed (p-value <srm_p>): results should not be trusted.",
                "The split of units does not match the plan.",
            ),
        ),
        health(
            "split_passed",
            _UP,
            ("The sample ratio check passed (p-value <srm_p>).", "The split of units is as planned."),
        ),
        power(
            "power_short",
            _EARLY,
            Relation.INSUFFICIENT_DATA,
            (
                "The planned sample is not reached: <missing> units are missing in <a>.",
                "<a> has <n> units of the <required> that are required; more are needed.",
            ),
        ),
        power(
            "power_reached",
            _UP,
            Relation.SUFFICIENT_DATA,
            (
                "The planned sample of <required> units per arm is reached.",
                "<a> has <n> units, which is enough for the plan.",
            ),
        ),
    )


def _bandit() -> tuple[Case, ...]:
    pack = _bandit_pack()
    allocation = ClaimKind.ALLOCATION
    best = _claimed(pack, allocation, FactKind.PROBABILITY_BEST, metric="M1", arm="V3", relation=Relation.HIGHEST)
    share = _claimed(pack, allocation, FactKind.ALLOCATION, arm="V3")
    caveat = _claimed(pack, ClaimKind.CAVEAT, FactKind.POLICY_VERSIONS)
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


def _past() -> tuple[Case, ...]:
    pack = _past_pack()
    history = ClaimKind.HISTORY
    down, worse = Relation.DECREASE, Valence.WORSE
    return (
        Case(
            "past",
            pack,
            _claimed(pack, history, FactKind.PAST_EXPERIMENTS, metric="M1"),
            ("<wins> of <past> past experiments on <m> won.", "The win rate of past experiments on <m> is <win_rate>."),
        ),
        Case(
            "past_win",
            pack,
            _claimed(
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
            _claimed(pack, history, FactKind.TREND, metric="M1", relation=down, valence=worse),
            ("<m> fell by <trend_size> of late.", "<m> shows a downward trend of <trend>."),
        ),
        Case(
            "segment_low",
            pack,
            _claimed(pack, history, FactKind.SEGMENT_GAP, metric="M1", subject="S1", relation=down, valence=worse),
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


def _advice() -> tuple[Case, ...]:
    def case(name: str, effect: _Effect, texts: Sequence[str]) -> Case:
        pack = _pack(effect)
        arm = pack.decision.arm if pack.decision else ""
        return Case(name, pack, Recommendation(effect.decision, ("E1",), "", arm), tuple(texts))

    return (
        case("rec_ship", _UP, ("Ship <a>.", "Roll out <a>: the goal is met.")),
        case("rec_continue", _EARLY, ("Continue the experiment.", "Continue until <missing> more units are there.")),
        case("rec_roll_back", _REFUNDS, ("Roll back <a>.", "Return to <c>: harm is shown.")),
        case("rec_stop", _STOPPED, ("Stop the experiment as inconclusive.", "End the experiment.")),
        case(
            "rec_investigate",
            _BROKEN,
            ("Investigate the sample ratio mismatch first.", "Do not ship <a>; check the data."),
        ),
    )
