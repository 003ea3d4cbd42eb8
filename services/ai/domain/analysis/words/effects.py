"""Sentences on comparisons: which way, by how much, how sure; or that nothing was detected, or too little is known."""

from collections.abc import Iterator
from dataclasses import replace

from services.ai.domain.analysis.comparisons import ArmComparison
from services.ai.domain.analysis.evidence import AnalysisEvidence
from services.ai.domain.analysis.words.slots import slot
from services.ai.domain.grounding.claims import Certainty, Claim, ClaimKind, Relation
from services.ai.domain.grounding.evidence import ComparisonStatus
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.rules.engine_view import ceiling, valence_of
from shared.definition.model import MetricDirection

_DECIDED = (ComparisonStatus.BETTER, ComparisonStatus.WORSE)


def effect(one: ArmComparison, evidence: AnalysisEvidence) -> Claim:
    """Returns what is known of one comparison."""
    if one.status is ComparisonStatus.INSUFFICIENT_DATA or one.difference is None:
        return _too_little(one, evidence)
    return directed(one, evidence) if one.status in _DECIDED else _undetected(one, evidence)


def margin(one: ArmComparison, evidence: AnalysisEvidence) -> Iterator[Claim]:
    """Yields how the interval of a guardrail lies to its margin; nothing where there is no lift."""
    metric, arm = _aliases(one, evidence)
    limit, lift = evidence.find(FactKind.MARGIN, metric=metric), one.relative_lift
    if lift is None or not limit or one.status is ComparisonStatus.INSUFFICIENT_DATA:
        return
    size = evidence.pack.fact_by_id[limit].value
    worst = lift.low if one.metric.direction is MetricDirection.MAXIMIZE else -lift.high
    end = FactKind.LIFT_LOW if one.metric.direction is MetricDirection.MAXIMIZE else FactKind.LIFT_HIGH
    cited = (evidence.find(end, metric=metric, arm=arm), limit)
    if worst > -size:
        text = f"The interval of {slot(metric)} for {slot(arm)} lies within the margin of {slot(limit)}."
        yield Claim(ClaimKind.EFFECT, cited, text, metric=metric, arm=arm)
        return
    text = f"The interval of the guardrail {slot(metric)} for {slot(arm)} includes changes beyond its margin of "
    yield Claim(ClaimKind.CAVEAT, cited, f"{text}{slot(limit)}.", metric=metric, arm=arm)


def unmet_margin(one: ArmComparison, evidence: AnalysisEvidence) -> Iterator[Claim]:
    """Yields the same of a guardrail that is not shown within its margin; nothing of another."""
    return (claim for claim in margin(one, evidence) if claim.kind is ClaimKind.CAVEAT)


def directed(one: ArmComparison, evidence: AnalysisEvidence, subject: str = "") -> Claim:
    """Returns which way an arm moved a metric, and by how much; `subject` is the alias of a segment, empty: overall."""
    metric, arm = _aliases(one, evidence)
    rises = one.difference is not None and one.difference.estimate > 0
    relation = Relation.INCREASE if rises else Relation.DECREASE
    estimate, low, high, p_value = _figures(one, evidence, subject, sized=True)
    claim = Claim(
        ClaimKind.EFFECT,
        (estimate, low, high, p_value),
        "",
        metric=metric,
        arm=arm,
        subject=subject,
        relation=relation,
        valence=valence_of(relation, metric, evidence.pack),
    )
    certainty = ceiling(claim, evidence.pack)
    so_far = "" if certainty is Certainty.ESTABLISHED else " so far"
    verb, place = "increased" if rises else "decreased", f"In {slot(subject)}, " if subject else ""
    text = (
        f"{place}{slot(arm)} {verb} {slot(metric)} by {slot(estimate)} compared with {slot(evidence.pack.control)}"
        f"{so_far}, with an interval from {slot(low)} to {slot(high)}, p-value {slot(p_value)}{_note(one)}."
    )
    return replace(claim, text=text, certainty=certainty)


def _undetected(one: ArmComparison, evidence: AnalysisEvidence) -> Claim:
    metric, arm = _aliases(one, evidence)
    estimate, low, high, p_value = _figures(one, evidence, "", sized=False)
    noun = "lift" if one.relative_lift is not None else "difference"
    text = (
        f"No change of {slot(metric)} was detected for {slot(arm)} compared with {slot(evidence.pack.control)}, "
        f"which is not to say that there is none: the {noun} is {slot(estimate)}, with an interval from {slot(low)} "
        f"to {slot(high)}, p-value {slot(p_value)}."
    )
    return Claim(
        ClaimKind.EFFECT,
        (estimate, low, high, p_value),
        text,
        metric=metric,
        arm=arm,
        relation=Relation.NO_DETECTABLE_CHANGE,
    )


def _too_little(one: ArmComparison, evidence: AnalysisEvidence) -> Claim:
    metric, arm = _aliases(one, evidence)
    return Claim(
        ClaimKind.EFFECT,
        (evidence.find(FactKind.UNITS, arm=arm),),
        f"There is too little data on {slot(metric)} to judge {slot(arm)}.",
        metric=metric,
        arm=arm,
        relation=Relation.INSUFFICIENT_DATA,
    )


def _figures(one: ArmComparison, evidence: AnalysisEvidence, subject: str, *, sized: bool) -> tuple[str, str, str, str]:
    """Returns the ids of estimate, ends and p-value: of the lift, or of the difference where there is none."""
    metric, arm = _aliases(one, evidence)
    if one.relative_lift is not None:
        kinds = (
            FactKind.RELATIVE_LIFT_SIZE if sized else FactKind.RELATIVE_LIFT,
            FactKind.LIFT_LOW,
            FactKind.LIFT_HIGH,
        )
    else:
        size = FactKind.DIFFERENCE_SIZE if sized else FactKind.DIFFERENCE
        kinds = (size, FactKind.DIFFERENCE_LOW, FactKind.DIFFERENCE_HIGH)
    estimate, low, high, p_value = (
        evidence.find(kind, metric=metric, arm=arm, subject=subject) for kind in (*kinds, FactKind.P_VALUE)
    )
    return estimate, low, high, p_value


def _note(one: ArmComparison) -> str:
    return ", where lower is better" if one.metric.direction is MetricDirection.MINIMIZE else ""


def _aliases(one: ArmComparison, evidence: AnalysisEvidence) -> tuple[str, str]:
    return evidence.metrics[one.metric.metric_id], evidence.arms[one.arm_id]
