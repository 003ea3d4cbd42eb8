"""The recommendation, the next steps, and why."""

from collections.abc import Iterator
from typing import Final

from services.ai.domain.analysis.comparisons import ArmComparison
from services.ai.domain.analysis.evidence import AnalysisEvidence
from services.ai.domain.analysis.words import sample
from services.ai.domain.analysis.words.effects import effect, margin, unmet_margin
from services.ai.domain.analysis.words.health import health
from services.ai.domain.analysis.words.slots import slot
from services.ai.domain.grounding.claims import Claim, Recommendation
from services.ai.domain.grounding.evidence import ComparisonStatus
from services.ai.domain.grounding.kinds import FactKind
from shared.definition.model import MetricRole
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Check, Status

MOST_REASONS: Final = 12


def recommendation(evidence: AnalysisEvidence) -> Recommendation:
    """Returns what to do: the engine's verdict."""
    verdict, arm = evidence.analysis.verdict.verdict, evidence.arms.get(evidence.analysis.verdict.arm_id, "")
    failed = any(one.finding.status is Status.FAIL for one in evidence.analysis.health)
    text = {
        Verdict.SHIP: f"Ship {slot(arm)}: the goal is met.",
        Verdict.ROLL_BACK: f"Roll back to {slot(evidence.pack.control)}: harm is shown.",
        Verdict.CONTINUE: "Continue the experiment.",
        Verdict.STOP_INCONCLUSIVE: "Stop the experiment as inconclusive.",
        Verdict.INVESTIGATE: "Investigate the data first: a health check failed."
        if failed
        else "Investigate the data first.",
    }[verdict]
    return Recommendation(verdict, (evidence.total,), text, arm=arm)


def reasons(evidence: AnalysisEvidence) -> tuple[Claim, ...]:
    """Returns what the recommendation rests on, the weightiest first."""
    match evidence.analysis.verdict.verdict:
        case Verdict.INVESTIGATE:
            found = [*_failed_health(evidence), *_primary(evidence)]
        case Verdict.ROLL_BACK:
            found = [effect(one, evidence) for one in evidence.comparisons if _harms(one)]
        case Verdict.SHIP:
            found = [*_of_arm(evidence, evidence.analysis.verdict.arm_id), *sample.power(evidence)]
        case _:
            found = [*sample.power(evidence), *_unready_health(evidence), *_primary(evidence)]
            found += [one for guardrail in _guardrails(evidence) for one in margin(guardrail, evidence)]
    return tuple(found[:MOST_REASONS])


def next_steps(evidence: AnalysisEvidence) -> tuple[Recommendation, ...]:
    """Returns what to do now, beside the recommendation itself."""
    verdict = evidence.analysis.verdict.verdict
    return tuple(Recommendation(verdict, cited, text) for cited, text in _steps(verdict, evidence))


def what_would_change(evidence: AnalysisEvidence) -> tuple[Claim, ...]:
    """Returns what is missing to another recommendation, or what it would have taken; nothing where all is shown."""
    match evidence.analysis.verdict.verdict:
        case Verdict.CONTINUE:
            found = [*sample.missing(evidence), *_unready_health(evidence), *_open_questions(evidence)]
            return tuple(found[:MOST_REASONS])
        case Verdict.STOP_INCONCLUSIVE:
            return tuple(_open_questions(evidence)[:MOST_REASONS])
        case Verdict.INVESTIGATE:
            return tuple(_failed_health(evidence))
        case _:
            return ()


def _steps(verdict: Verdict, evidence: AnalysisEvidence) -> Iterator[tuple[tuple[str, ...], str]]:
    total = (evidence.total,)
    match verdict:
        case Verdict.ROLL_BACK:
            yield total, f"Return to {slot(evidence.pack.control)} and stop the experiment."
        case Verdict.STOP_INCONCLUSIVE:
            whom = " for the guardrail" if _blocking(evidence) else ""
            yield total, f"Stop the experiment, and plan the next with a larger sample{whom}."
        case Verdict.CONTINUE:
            yield from _waiting(evidence)
        case Verdict.INVESTIGATE:
            yield from ((total, f"Find out why the check of {one} failed.") for one in _failing(evidence))
        case Verdict.SHIP:
            return


def _waiting(evidence: AnalysisEvidence) -> Iterator[tuple[tuple[str, ...], str]]:
    units, days = evidence.find(FactKind.MISSING_UNITS), evidence.find(FactKind.MISSING_DAYS)
    if units:
        yield (units,), f"Continue until {slot(units)} more units are there."
    elif days:
        yield (days,), f"Continue for {slot(days)} more."
    if evidence.analysis.day_count is None:
        yield (evidence.total,), "Continue, and say when the experiment started."


def _failing(evidence: AnalysisEvidence) -> Iterator[str]:
    names = {
        Check.SAMPLE_RATIO: "the sample ratio",
        Check.SEQUENTIAL_SAMPLE_RATIO: "the sample ratio",
        Check.MULTIPLE_EXPOSURE: "multiple exposure",
        Check.FRESHNESS: "data freshness",
    }
    for one in evidence.analysis.health:
        if one.finding.status is Status.FAIL and one.finding.check in names:
            yield names[one.finding.check]


def _failed_health(evidence: AnalysisEvidence) -> Iterator[Claim]:
    return (claim for claim in health(evidence) if claim.status in (Status.FAIL, Status.NOT_ESTIMABLE))


def _unready_health(evidence: AnalysisEvidence) -> Iterator[Claim]:
    return (claim for claim in health(evidence) if claim.status is Status.NOT_ESTIMABLE)


def _primary(evidence: AnalysisEvidence) -> Iterator[Claim]:
    return (effect(one, evidence) for one in evidence.comparisons if one.role is MetricRole.PRIMARY)


def _guardrails(evidence: AnalysisEvidence) -> list[ArmComparison]:
    return [one for one in evidence.comparisons if one.role is MetricRole.GUARDRAIL]


def _open_questions(evidence: AnalysisEvidence) -> list[Claim]:
    """Returns the guardrails that alone keep arms from being shipped, else what the units could show."""
    return _blocking(evidence) or [*sample.detectable(evidence)]


def _blocking(evidence: AnalysisEvidence) -> list[Claim]:
    """Returns the guardrails that are not shown within their margins, of arms that meet the goal."""
    better = {
        one.arm_id
        for one in evidence.comparisons
        if one.role is MetricRole.PRIMARY and one.status is ComparisonStatus.BETTER
    }
    found = (unmet_margin(one, evidence) for one in _guardrails(evidence) if one.arm_id in better)
    return [claim for claims in found for claim in claims]


def _of_arm(evidence: AnalysisEvidence, arm_id: str) -> Iterator[Claim]:
    own = [one for one in evidence.comparisons if one.arm_id == arm_id and one.role is not MetricRole.SECONDARY]
    for one in own:
        yield effect(one, evidence)
        yield from margin(one, evidence) if one.role is MetricRole.GUARDRAIL else ()


def _harms(one: ArmComparison) -> bool:
    return one.status is ComparisonStatus.WORSE and one.role is not MetricRole.SECONDARY
