"""Jobs of the AI service: waits for one, tells how it goes, and puts jobs into words."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from experimentation.v1 import analysis_pb2 as pb
from experimentation.v1 import analysis_service_pb2 as service_pb
from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from services.admin import paging, tables
from services.admin.clients import CALL_SECONDS
from services.admin.words import NOTHING, enum_name, instant, plural
from shared import errors
from shared.rpc import client

ENDED: Final = frozenset({pb.JOB_STATE_SUCCEEDED, pb.JOB_STATE_FAILED, pb.JOB_STATE_CANCELLED})
WAIT_SECONDS: Final = 300.0

_MOST_BREAKS: Final = 5
_PAUSE_SECONDS: Final = 0.5


def get(stub: AnalysisServiceStub, job_id: str) -> pb.Job:
    """Returns one job.

    Raises:
        NotFound: JOB_NOT_FOUND.
    """
    return client.call(stub.GetJob, service_pb.GetJobRequest(job_id=job_id), timeout_seconds=CALL_SECONDS).job


def pages(stub: AnalysisServiceStub, request: service_pb.ListJobsRequest, *, limit: int) -> Iterator[pb.Job]:
    """Yields jobs of a request, newest first, from all pages; `limit` is the most, 0: all."""
    yield from paging.pages(stub.ListJobs, request, "jobs", limit=limit)


def followed(
    stub: AnalysisServiceStub,
    job: pb.Job,
    *,
    timeout_seconds: float = WAIT_SECONDS,
    now: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[pb.Job]:
    """Yields the job as it is, and again whenever it changes, until it has ended.

    Raises:
        DeadlineExceeded: DEADLINE_EXCEEDED: it has not ended in time; it goes on.
        PlatformError: The service refuses, or stays away.
    """
    ends, breaks = now() + timeout_seconds, 0
    yield job
    while job.state not in ENDED:
        if now() >= ends:
            raise errors.DeadlineExceeded(
                errors.Reason.DEADLINE_EXCEEDED,
                f"{job.job_id} has not ended in {timeout_seconds:g} s; it goes on: `expctl job show {job.job_id}`",
            )
        request = service_pb.WatchJobRequest(job_id=job.job_id, after_version=job.version)
        try:
            for response in client.stream(stub.WatchJob, request, timeout_seconds=ends - now()):
                breaks = 0
                if response.HasField("job") and response.job.version > job.version:
                    job = response.job
                    yield job
        except (errors.Unavailable, errors.DeadlineExceeded):
            breaks += 1
            if breaks > _MOST_BREAKS:
                raise
        if job.state not in ENDED:
            pause(_PAUSE_SECONDS)


def checked(job: pb.Job) -> pb.Job:
    """Returns a job that has its answer.

    Raises:
        PlatformError: It failed, or was cancelled.
    """
    if job.state == pb.JOB_STATE_FAILED:
        reason = errors.Reason.__members__.get(job.failure.reason, errors.Reason.INTERNAL)
        if reason is errors.Reason.INVALID_FIELD:
            fields = [errors.FieldViolation(field, job.failure.message) for field in job.failure.fields]
            raise errors.InvalidArgument(reason, job.failure.message, violations=fields)
        raise errors.FailedPrecondition(reason, f"{job.job_id} failed: {job.failure.message}")
    if job.state == pb.JOB_STATE_CANCELLED:
        raise errors.FailedPrecondition(errors.Reason.INVALID_STATE, f"{job.job_id} was cancelled")
    return job


def table(found: Sequence[pb.Job]) -> RenderableType:
    """Returns a row per job."""
    if not found:
        return Text("There are no jobs.")
    rows = tables.entries([each.job_id for each in found], "job", "state", "words by", "asked (UTC)", "by")
    for each in found:
        about = f" {each.experiment_id}" if each.experiment_id else ""
        rows.add_row(
            tables.entry(each.job_id, kind_name(each) + about),
            Text(standing(each)),
            Text(provider(each.provenance) if each.HasField("provenance") else NOTHING),
            instant(each.created_at),
            Text(each.creator),
        )
    return rows


def drawing(job: pb.Job) -> RenderableType:
    """Returns all that there is to say of one job."""
    facts = tables.facts()
    for name, text in _facts(job):
        facts.add_row(name, Text(text))
    return facts


def line(job: pb.Job) -> Text:
    """Returns how a job goes, in a line."""
    return Text.assemble((job.job_id, "bold"), f" ({kind_name(job)}) {standing(job)}")


def kind_name(job: pb.Job) -> str:
    """Returns what a job is to do."""
    return enum_name(pb.JobKind.DESCRIPTOR, job.kind)


def standing(job: pb.Job) -> str:
    """Returns where a job stands, with its stage while it runs."""
    state = enum_name(pb.JobState.DESCRIPTOR, job.state)
    return f"{state}, {enum_name(pb.JobStage.DESCRIPTOR, job.stage)}" if job.state == pb.JOB_STATE_RUNNING else state


def provider(provenance: pb.Provenance) -> str:
    """Returns who put an answer into words, and why, where that is not who was to."""
    name = enum_name(pb.AiProvider.DESCRIPTOR, provenance.provider)
    if not provenance.fallback_reason:
        return name
    return f"{name} ({enum_name(pb.FallbackReason.DESCRIPTOR, provenance.fallback_reason)})"


def words_by(provenance: pb.Provenance) -> str:
    """Returns the sentence that says how an answer's words came about."""
    dropped, reworded = provenance.dropped_claim_count, provenance.reworded_claim_count
    parts = [f"Words by {provider(provenance)}, {provenance.model}"]
    parts.append(f"grounding {enum_name(pb.Grounding.DESCRIPTOR, provenance.grounding)}")
    parts += [f"{plural(reworded, 'claim')} in the engine's words"] if reworded else []
    parts += [f"{plural(dropped, 'claim')} dropped"] if dropped else []
    return f"{', '.join(parts)}. Numbers and decisions are computed."


def _facts(job: pb.Job) -> Iterator[tuple[str, str]]:
    yield "job", job.job_id
    yield "what", kind_name(job)
    if job.experiment_id:
        yield "experiment", job.experiment_id
    yield "state", standing(job)
    yield "asked", f"{instant(job.created_at)} UTC by {job.creator}"
    if job.HasField("ended_at"):
        yield "ended", f"{instant(job.ended_at)} UTC, taken up {plural(job.attempt_count, 'time')}"
    if job.HasField("failure"):
        yield "failure", f"{job.failure.reason}: {job.failure.message}"
    if job.HasField("provenance"):
        yield "words by", provider(job.provenance)
    for name, found in (
        ("hypotheses", ", ".join(job.hypothesis_ids)),
        ("design", job.design_id),
        ("analysis", job.analysis_id),
    ):
        if found:
            yield name, found
