"""Jobs as rows of their table, and back."""

from typing import Any, Final

from sqlalchemy import Row

from services.ai.domain.jobs import (
    AnalysisInput,
    DesignInput,
    HypothesesInput,
    Job,
    JobFailure,
    JobInput,
    JobKind,
    JobQueue,
    JobStage,
    JobState,
    RequestKey,
    UnreadableInput,
)
from services.ai.domain.provenance import Provenance
from services.ai.store.documents import Document, from_document, to_document

_INPUTS: Final[dict[JobKind, type[JobInput]]] = {
    JobKind.SUGGEST_HYPOTHESES: HypothesesInput,
    JobKind.RECOMMEND_DESIGN: DesignInput,
    JobKind.ANALYZE_EXPERIMENT: AnalysisInput,
}


def new_row(job: Job, key: RequestKey | None = None) -> dict[str, object]:
    """Returns the row of a new job; who stores it sends it at once."""
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "state": job.state,
        "stage": job.stage,
        "queue": job.queue,
        "creator": job.creator,
        "experiment_id": job.experiment_id,
        "input": to_document(job.input),
        "created_at": job.created_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "attempt_count": job.attempt_count,
        "not_before": job.not_before,
        "lease_owner": job.lease_owner,
        "lease_until": job.lease_until,
        "last_sent_at": job.created_at,
        "cancel_requested": job.cancel_requested,
        "provenance": part_of(job.provenance),
        "failure": part_of(job.failure),
        "hypothesis_ids": list(job.hypothesis_ids),
        "design_id": job.design_id,
        "analysis_id": job.analysis_id,
        "version": job.version,
        "request_id": (key.request_id or None) if key else None,
        "request_digest": key.digest if key else "",
    }


def from_row(row: Row[Any]) -> Job:
    """Returns a row as a job, also where its input cannot be read: it still has to end.

    Raises:
        ValueError: It is of a kind, state or queue that this release does not know.
    """
    kind = JobKind(row.kind)
    return Job(
        job_id=row.job_id,
        kind=kind,
        input=_input_of(kind, row.input),
        queue=JobQueue(row.queue),
        creator=row.creator,
        created_at=row.created_at,
        experiment_id=row.experiment_id,
        state=JobState(row.state),
        stage=JobStage(row.stage),
        started_at=row.started_at,
        ended_at=row.ended_at,
        attempt_count=row.attempt_count,
        not_before=row.not_before,
        lease_owner=row.lease_owner,
        lease_until=row.lease_until,
        cancel_requested=row.cancel_requested,
        provenance=from_document(Provenance, row.provenance) if row.provenance else None,
        failure=from_document(JobFailure, row.failure) if row.failure else None,
        hypothesis_ids=tuple(row.hypothesis_ids),
        design_id=row.design_id,
        analysis_id=row.analysis_id,
        version=row.version,
    )


def _input_of(kind: JobKind, document: Document) -> JobInput | UnreadableInput:
    try:
        return from_document(_INPUTS[kind], document)
    except ValueError as error:
        return UnreadableInput(str(error))


def part_of(value: object | None) -> Document | None:
    """Returns a part of a job as a document, where there is one."""
    return None if value is None else to_document(value)
