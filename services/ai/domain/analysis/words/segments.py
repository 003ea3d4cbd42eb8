"""Sentences on segments: where an effect is shown, and of how many; nothing is made of where none is."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from services.ai.domain.analysis.evidence import AnalysisEvidence
from services.ai.domain.analysis.segments import SegmentComparison
from services.ai.domain.analysis.words.effects import directed
from services.ai.domain.analysis.words.slots import slot
from services.ai.domain.grounding.claims import Claim
from services.ai.domain.grounding.evidence import ComparisonStatus
from services.ai.domain.grounding.kinds import FactKind

MOST_TOLD: Final = 3
_DECIDED: Final = (ComparisonStatus.BETTER, ComparisonStatus.WORSE)


def segments(evidence: AnalysisEvidence) -> Iterator[Claim]:
    """Yields the effects in few segments, harm first, each with how many were compared."""
    shown = [one for one in evidence.segments if one.comparison.status in _DECIDED]
    for one in shown[:MOST_TOLD]:
        yield _one_of_many(one, evidence)


def _one_of_many(one: SegmentComparison, evidence: AnalysisEvidence) -> Claim:
    subject = evidence.subjects[one.segment]
    claim = directed(one.comparison, evidence, subject)
    count = evidence.find(FactKind.COMPARISON_COUNT, metric=claim.metric, subject=subject)
    text = f"{claim.text.removesuffix('.')}, adjusted for {slot(count)} comparisons."
    return replace(claim, text=text, evidence_ids=(*claim.evidence_ids, count))
