"""Jobs for tests."""

from datetime import UTC, datetime

from services.ai.domain.jobs import AnalysisInput, Job, JobKind, JobQueue

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
