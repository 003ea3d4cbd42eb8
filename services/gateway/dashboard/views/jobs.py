"""Jobs of the AI: what they do, where they stand, and where their answers are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from experimentation.v1 import analysis_pb2
from services.gateway.dashboard.views import badges
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.messages import moment
from services.gateway.dashboard.views.statements import ProvenanceView, provenance

_KINDS: Final = {
    analysis_pb2.JOB_KIND_SUGGEST_HYPOTHESES: "Suggest hypotheses",
    analysis_pb2.JOB_KIND_RECOMMEND_DESIGN: "Recommend a design",
    analysis_pb2.JOB_KIND_ANALYZE_EXPERIMENT: "Analyse an experiment",
}
_STAGES: Final = (
    (analysis_pb2.JOB_STAGE_WAITING, "Waits"),
    (analysis_pb2.JOB_STAGE_GATHERING, "Collects the data"),
    (analysis_pb2.JOB_STAGE_COMPUTING, "Computes"),
    (analysis_pb2.JOB_STAGE_ASKING, "Finds words"),
    (analysis_pb2.JOB_STAGE_CHECKING, "Checks them"),
    (analysis_pb2.JOB_STAGE_STORED, "Stored"),
)
_OVER: Final = frozenset(
    {analysis_pb2.JOB_STATE_SUCCEEDED, analysis_pb2.JOB_STATE_FAILED, analysis_pb2.JOB_STATE_CANCELLED}
)


@dataclass(frozen=True, slots=True)
class JobStep:
    """Is a stage on the way; `place` is done, now or empty."""

    words: str
    place: str


@dataclass(frozen=True, slots=True)
class JobView:
    """Is a job."""

    job_id: str
    kind: str
    state: Badge
    over: bool
    experiment_id: str
    creator: str
    created_at: datetime | None
    ended_at: datetime | None
    steps: tuple[JobStep, ...]
    failure: str
    failure_fields: tuple[str, ...]
    provenance: ProvenanceView | None
    hypothesis_count: int
    found_nothing: bool
    design_id: str
    analysis_id: str
    cancel_requested: bool
    version: int


def job_rows(jobs: Iterable[analysis_pb2.Job]) -> tuple[JobView, ...]:
    """Returns jobs."""
    return tuple(job_view(job) for job in jobs)


def job_view(job: analysis_pb2.Job) -> JobView:
    """Returns a job."""
    return JobView(
        job_id=job.job_id,
        kind=_KINDS.get(job.kind, "Job"),
        state=badges.job_state(job.state),
        over=job.state in _OVER,
        experiment_id=job.experiment_id,
        creator=job.creator,
        created_at=moment(job, "created_at"),
        ended_at=moment(job, "ended_at"),
        steps=tuple(_step(stage, words, job) for stage, words in _STAGES),
        failure=job.failure.message if job.HasField("failure") else "",
        failure_fields=tuple(job.failure.fields),
        provenance=provenance(job.provenance) if job.HasField("provenance") else None,
        hypothesis_count=len(job.hypothesis_ids),
        found_nothing=job.kind == analysis_pb2.JOB_KIND_SUGGEST_HYPOTHESES
        and job.state == analysis_pb2.JOB_STATE_SUCCEEDED
        and not job.hypothesis_ids,
        design_id=job.design_id,
        analysis_id=job.analysis_id,
        cancel_requested=job.cancel_requested,
        version=job.version,
    )


def _step(stage: int, words: str, job: analysis_pb2.Job) -> JobStep:
    done = stage < job.stage or job.state == analysis_pb2.JOB_STATE_SUCCEEDED
    return JobStep(words, "done" if done else "now" if stage == job.stage and job.state not in _OVER else "")
