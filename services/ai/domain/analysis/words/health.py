"""Sentences on health checks."""

from collections.abc import Iterator, Mapping
from typing import Final

from services.ai.domain.analysis.evidence import AnalysisEvidence
from services.ai.domain.analysis.health import ArmFinding
from services.ai.domain.analysis.words.slots import slot
from services.ai.domain.grounding.claims import Claim, ClaimKind
from services.ai.domain.grounding.kinds import FactKind
from shared.statistics.health.finding import Check, Status

_SUBJECTS: Final[Mapping[Check, str]] = {
    Check.SAMPLE_RATIO: "the sample ratio",
    Check.SEQUENTIAL_SAMPLE_RATIO: "the sample ratio",
    Check.MULTIPLE_EXPOSURE: "multiple exposure",
    Check.FRESHNESS: "data freshness",
    Check.MINIMUM_DATA: "minimum data",
}
_ENDINGS: Final[Mapping[Status, str]] = {
    Status.PASS: "passed",
    Status.WARN: "shows a warning",
    Status.FAIL: "failed",
    Status.NOT_ESTIMABLE: "cannot be judged yet",
}
_FIGURES: Final[Mapping[Check, tuple[FactKind, str]]] = {
    Check.SAMPLE_RATIO: (FactKind.SAMPLE_RATIO_P_VALUE, ", p-value {}"),
    Check.SEQUENTIAL_SAMPLE_RATIO: (FactKind.SAMPLE_RATIO_P_VALUE, ", p-value {}"),
    Check.MULTIPLE_EXPOSURE: (FactKind.MULTIPLE_EXPOSURE_SHARE, ", at {} of the units"),
    Check.FRESHNESS: (FactKind.AS_OF, ", as of {}"),
    Check.MINIMUM_DATA: (FactKind.TOTAL_UNITS, ", with {} units in total"),
}


def health(evidence: AnalysisEvidence) -> Iterator[Claim]:
    """Yields how the checks ended, the worst first; a lift that is no surprise is not worth a sentence."""
    for found in evidence.analysis.health:
        if found.finding.check is not Check.SURPRISING_LIFT:
            yield _checked(found, evidence)
        elif found.finding.status is Status.WARN:
            yield _surprise(found, evidence)


def _checked(found: ArmFinding, evidence: AnalysisEvidence) -> Claim:
    check, status = found.finding.check, found.finding.status
    kind, phrase = _FIGURES[check]
    figure = evidence.find(kind)
    text = f"The check of {_SUBJECTS[check]} {_ENDINGS[status]}"
    text += phrase.format(slot(figure)) if figure else ""
    return Claim(ClaimKind.HEALTH, (figure or evidence.total,), f"{text}.", check=check, status=status)


def _surprise(found: ArmFinding, evidence: AnalysisEvidence) -> Claim:
    arm, metric = evidence.arms[found.arm_id], evidence.metrics[evidence.comparisons[0].metric.metric_id]
    lift = evidence.find(FactKind.RELATIVE_LIFT, metric=metric, arm=arm)
    return Claim(
        ClaimKind.HEALTH,
        (lift,),
        f"The lift of {slot(arm)} on {slot(metric)} is surprising, at {slot(lift)}.",
        metric=metric,
        arm=arm,
        check=found.finding.check,
        status=found.finding.status,
    )
