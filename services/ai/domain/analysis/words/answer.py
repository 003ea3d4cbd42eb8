"""The whole analysis in words, as any provider answers: health, sample, metrics by role, segments, bandit."""

from collections.abc import Iterator
from typing import Final

from services.ai.domain.analysis.evidence import AnalysisEvidence
from services.ai.domain.analysis.words import advice, sample
from services.ai.domain.analysis.words.bandit import adaptation, bandit
from services.ai.domain.analysis.words.effects import effect, margin
from services.ai.domain.analysis.words.health import health
from services.ai.domain.analysis.words.segments import segments
from services.ai.domain.analysis.words.slots import slot
from services.ai.domain.grounding.claims import Answer, Claim, ClaimKind
from services.ai.domain.grounding.kinds import FactKind
from shared.definition.model import MetricRole

MOST_COMPARISONS: Final = 100
"""That are told, the most important first."""


def answer(evidence: AnalysisEvidence) -> Answer:
    """Returns the analysis in words; the same analysis gives the same words."""
    return Answer(
        evidence_sha256=evidence.pack.sha256,
        recommendation=advice.recommendation(evidence),
        reasons=advice.reasons(evidence),
        statements=tuple(_statements(evidence)),
        next_steps=advice.next_steps(evidence),
        what_would_change=advice.what_would_change(evidence),
    )


def _statements(evidence: AnalysisEvidence) -> Iterator[Claim]:
    yield from sample.header(evidence)
    yield from health(evidence)
    yield from sample.power(evidence)
    for role in (MetricRole.PRIMARY, MetricRole.GUARDRAIL, MetricRole.SECONDARY):
        yield from _comparisons(role, evidence)
    yield from segments(evidence)
    yield from bandit(evidence)
    yield from adaptation(evidence)


def _comparisons(role: MetricRole, evidence: AnalysisEvidence) -> Iterator[Claim]:
    for one in evidence.comparisons[:MOST_COMPARISONS]:
        if one.role is role:
            yield effect(one, evidence)
            yield from margin(one, evidence) if role is MetricRole.GUARDRAIL else ()
    yield from _family(role, evidence)


def _family(role: MetricRole, evidence: AnalysisEvidence) -> Iterator[Claim]:
    """Yields how many comparisons the p-values of a family allow for."""
    if role is MetricRole.GUARDRAIL:
        return
    metric = evidence.metrics[evidence.comparisons[0].metric.metric_id] if role is MetricRole.PRIMARY else ""
    count = evidence.find(FactKind.COMPARISON_COUNT, metric=metric)
    if count:
        what = f"of {slot(metric)}" if metric else "of secondary metrics"
        text = f"The p-values {what} are adjusted for {slot(count)} comparisons."
        yield Claim(ClaimKind.CAVEAT, (count,), text, metric=metric)
