"""Jobs to protobuf, and what is asked of them from it."""

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.convert import enums, provenance, requests
from services.ai.domain.jobs import Job, JobFailure, JobFilter, JobKind, JobQueue, JobState
from services.ai.service.pages import Page
from shared.definition.convert import timestamp_to_proto


def to_proto(job: Job) -> analysis_pb2.Job:
    """Returns the job as a message."""
    return analysis_pb2.Job(
        job_id=job.job_id,
        kind=enums.number(analysis_pb2.JobKind, "JOB_KIND", job.kind),
        state=enums.number(analysis_pb2.JobState, "JOB_STATE", job.state),
        stage=enums.number(analysis_pb2.JobStage, "JOB_STAGE", job.stage),
        queue=enums.number(analysis_pb2.JobQueue, "JOB_QUEUE", job.queue),
        experiment_id=job.experiment_id,
        creator=job.creator,
        created_at=timestamp_to_proto(job.created_at),
        started_at=timestamp_to_proto(job.started_at),
        ended_at=timestamp_to_proto(job.ended_at),
        attempt_count=job.attempt_count,
        provenance=provenance.to_proto(job.provenance),
        failure=_failure(job.failure),
        hypothesis_ids=job.hypothesis_ids,
        design_id=job.design_id,
        analysis_id=job.analysis_id,
        cancel_requested=job.cancel_requested,
        version=job.version,
    )


def queue(number: analysis_pb2.JobQueue.ValueType) -> JobQueue:
    """Returns who waits for a job."""
    return enums.member(JobQueue, analysis_pb2.JobQueue, "JOB_QUEUE", number) or JobQueue.INTERACTIVE


def kept(request: pb.ListJobsRequest) -> JobFilter:
    """Returns which jobs a list keeps.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    requests.document(request)
    return JobFilter(
        enums.member(JobKind, analysis_pb2.JobKind, "JOB_KIND", request.kind),
        enums.member(JobState, analysis_pb2.JobState, "JOB_STATE", request.state),
        request.experiment_id,
    )


def page_to_proto(page: Page[Job], request: pb.ListJobsRequest) -> pb.ListJobsResponse:
    """Returns the page as a response to the request."""
    return pb.ListJobsResponse(
        jobs=map(to_proto, page.items),
        next_page_token=requests.next_page_token(
            request, page.items, lambda job: (job.created_at.isoformat(), job.job_id), more=page.more
        ),
    )


def _failure(failure: JobFailure | None) -> analysis_pb2.JobFailure | None:
    if failure is None:
        return None
    return analysis_pb2.JobFailure(reason=failure.reason, message=failure.message, fields=failure.fields)
