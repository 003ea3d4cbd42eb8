"""Makes of the numbers, the checked words and what is known of the experiment what is stored of an analysis."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.ai.domain.analysis.comparisons import ArmComparison
from services.ai.domain.analysis.data import Aggregates, BanditData
from services.ai.domain.analysis.engine import ExperimentAnalysis
from services.ai.domain.analysis.health import ArmFinding
from services.ai.domain.grounding.claims import Answer, Claim, Recommendation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.rendering import Statement, statement
from services.ai.domain.jobs import SCHEDULE, Job
from services.ai.domain.other_answers import answer_of, other_answers
from services.ai.domain.provenance import Provenance
from services.ai.domain.records import (
    AnalysisRecord,
    AnswerRecord,
    ArmRecord,
    ComparisonRecord,
    DecisionRecord,
    HealthRecord,
    SegmentRecord,
)
from services.ai.service.gathering import Gathered


@dataclass(frozen=True, slots=True)
class Words:
    """Is what is said of an analysis: what was checked, and the engine's own answer.

    Attributes:
        said: What a provider said, as far as the evidence bears it.
        own: What the engine says: it decides in words where nothing is left of what was said of the decision.
    """

    said: Answer
    own: Answer
    pack: EvidencePack
    provenance: Provenance

    @property
    def recommendation(self) -> Recommendation:
        """Returns the decision in words: the engine's where another verdict is worded, or none."""
        said, own = self.said.recommendation, self.own.recommendation
        if own is None:
            raise ValueError("the engine decides in any case")
        return said if said is not None and (said.verdict, said.arm) == (own.verdict, own.arm) else own

    def rendered(self, claims: Iterable[Claim | Recommendation]) -> tuple[Statement, ...]:
        """Returns claims as sentences."""
        return tuple(statement(one, self.pack) for one in claims)


def analysis_record(
    job: Job,
    gathered: Gathered,
    analysis: ExperimentAnalysis,
    words: Words,
    *,
    analysis_id: str,
    now: datetime,
) -> AnalysisRecord:
    """Returns the record, as it is before it is stored; the verdict is the engine's, whatever was said."""
    decision = DecisionRecord(
        verdict=analysis.verdict.verdict,
        arm_id=analysis.verdict.arm_id,
        text=statement(words.recommendation, words.pack),
        reasons=words.rendered(words.said.reasons or words.own.reasons),
    )
    missing = analysis.missing
    return AnalysisRecord(
        analysis_id=analysis_id,
        job_id=job.job_id,
        asked_by="" if job.creator == SCHEDULE else job.creator,
        experiment_id=job.experiment_id,
        revision=gathered.experiment.revision if gathered.experiment else 0,
        created_at=now,
        as_of=analysis.as_of,
        started_at=analysis.started_at,
        data_source=gathered.source,
        plan=analysis.plan,
        decision=decision,
        arms=_arms(analysis),
        comparisons=_comparisons(analysis, gathered.data if isinstance(gathered.data, BanditData) else None),
        health=tuple(_health(one) for one in analysis.health),
        sample=analysis.sample,
        bandit=analysis.bandit,
        statements=words.rendered(words.said.statements),
        next_steps=words.rendered(words.said.next_steps),
        what_would_change=words.rendered(words.said.what_would_change),
        provenance=words.provenance,
        day_count=analysis.day_count,
        missing_day_count=missing.day_count or None if missing else None,
        segments=tuple(
            SegmentRecord(one.segment, _comparison(one.comparison, ()), one.interaction_p_value)
            for one in analysis.segments
        ),
        left_out_segments=gathered.data.left_out_segments if isinstance(gathered.data, Aggregates) else (),
    )


def _arms(analysis: ExperimentAnalysis) -> tuple[ArmRecord, ...]:
    samples = analysis.samples
    return tuple(
        ArmRecord(arm_id, place == 0, int(samples.unit_count[place]), float(samples.planned_shares[place]))
        for place, arm_id in enumerate(samples.arm_ids)
    )


def _comparisons(analysis: ExperimentAnalysis, data: BanditData | None) -> tuple[ComparisonRecord, ...]:
    others = other_answers(analysis, data)
    return tuple(_comparison(one, others.get((one.metric.metric_id, one.arm_id), ())) for one in analysis.comparisons)


def _comparison(one: ArmComparison, others: tuple[AnswerRecord, ...]) -> ComparisonRecord:
    return ComparisonRecord(
        metric_id=one.metric.metric_id,
        metric_role=one.role,
        metric_kind=one.metric.kind,
        direction=one.metric.direction,
        arm_id=one.arm_id,
        arm_mean=one.arm_mean,
        control_mean=one.control_mean,
        arm_unit_count=one.report.treatment_unit_count,
        control_unit_count=one.report.control_unit_count,
        status=one.status,
        answer=answer_of(one),
        demoted=one.demoted,
        cautions=one.cautions,
        other_answers=others,
    )


def _health(one: ArmFinding) -> HealthRecord:
    found = one.finding
    return HealthRecord(found.check.value, found.status, found.message, found.source, one.arm_id)
