"""Jobs and their answers for tests."""

from datetime import UTC, datetime

from services.ai.domain.asking import FallbackReason, ProviderName
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.hypotheses.model import Confidence, EffectDirection, Hypothesis, HypothesisState, RequiredTest
from services.ai.domain.jobs import AnalysisInput, HypothesesInput, Job, JobKind, JobQueue
from services.ai.domain.provenance import Grounding, Provenance
from services.ai.domain.records import HypothesisRecord, JobResult
from shared.ids import new_id

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def analysis_job(job_id: str, *, queue: JobQueue = JobQueue.INTERACTIVE, created_at: datetime = NOW) -> Job:
    """Returns a job that waits: the analysis of an experiment of the same name."""
    return Job(
        job_id=job_id,
        kind=JobKind.ANALYZE_EXPERIMENT,
        input=AnalysisInput(experiment_id=job_id),
        queue=queue,
        creator="ada",
        created_at=created_at,
        experiment_id=job_id,
    )


def hypotheses_job(job_id: str, *, queue: JobQueue = JobQueue.INTERACTIVE, created_at: datetime = NOW) -> Job:
    """Returns a job that waits: hypotheses about no metric."""
    return Job(
        job_id=job_id,
        kind=JobKind.SUGGEST_HYPOTHESES,
        input=HypothesesInput(metrics=()),
        queue=queue,
        creator="ada",
        created_at=created_at,
    )


def hypotheses_answer(
    job: Job,
    count: int = 2,
    *,
    now: datetime = NOW,
    provider: ProviderName = ProviderName.HEURISTIC,
    grounding: Grounding = Grounding.CLEAN,
    fallback: FallbackReason | None = None,
) -> JobResult:
    """Returns so many hypotheses, whose ids are new each time."""
    evidence = EvidencePack(now)
    provenance = Provenance(provider, "engine", grounding, evidence.sha256, "1", fallback)
    records = tuple(_record(job, evidence, provenance, now) for _ in range(count))
    return JobResult(provenance, evidence, records)


def _record(job: Job, evidence: EvidencePack, provenance: Provenance, now: datetime) -> HypothesisRecord:
    hypothesis = Hypothesis(
        intervention="Shorten the form",
        statement="If the form is shorter, more people complete it.",
        because=(),
        rationale="",
        primary_metric_id="checkout_rate",
        expected_direction=EffectDirection.INCREASE,
        expected_lift=None,
        falsifier="It does not rise.",
        test=RequiredTest(0.05),
        confidence=Confidence(0.5, 0.5, ()),
        duplicate_of="",
        ungrounded=True,
        score=0.5,
        evidence_sha256=evidence.sha256,
    )
    return HypothesisRecord(
        new_id("hyp"), job.job_id, HypothesisState.PROPOSED, hypothesis, (), (), provenance, now, now
    )
