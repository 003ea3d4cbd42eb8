"""The RPCs of jobs: convert, call one use case, convert."""

from collections.abc import Iterator
from typing import Final

import grpc

from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.convert import evidence, jobs, requests
from services.ai.service.jobs import JobService
from shared.bell import Bell
from shared.rpc import caller

HEARTBEAT_SECONDS: Final = 20.0


class JobServicer:
    """Answers GetJob, ListJobs, WatchJob, CancelJob and ListProviderCalls; every error is a PlatformError."""

    def __init__(self, service: JobService, *, bell: Bell) -> None:
        self._service = service
        self._bell = bell

    def GetJob(self, request: pb.GetJobRequest, _context: grpc.ServicerContext) -> pb.GetJobResponse:
        """Returns one job."""
        requests.document(request)
        return pb.GetJobResponse(job=jobs.to_proto(self._service.get(request.job_id)))

    def ListJobs(self, request: pb.ListJobsRequest, _context: grpc.ServicerContext) -> pb.ListJobsResponse:
        """Lists jobs, newest first."""
        kept, after = jobs.kept(request), requests.cursor(request)
        page = self._service.list_jobs(kept, after=after, limit=requests.page_size(request.page_size))
        return jobs.page_to_proto(page, request)

    def WatchJob(self, request: pb.WatchJobRequest, context: grpc.ServicerContext) -> Iterator[pb.WatchJobResponse]:
        """Streams the job whenever it has changed, until it has ended."""
        requests.document(request)
        told, cursor = request.after_version, self._bell.cursor()
        # Who leaves is noticed at once, and the thread is free.
        context.add_callback(self._bell.ring)
        job = self._service.get(request.job_id)
        while True:
            if job.version > told:
                told = job.version
                yield pb.WatchJobResponse(job=jobs.to_proto(job))
            if job.ended:
                return
            before, cursor = cursor, self._bell.wait_beyond(cursor, timeout_seconds=HEARTBEAT_SECONDS)
            if self._bell.closed or not context.is_active():
                return
            caller.confirm()
            job = self._service.get(request.job_id)
            if cursor == before and job.version <= told:
                yield pb.WatchJobResponse()

    def CancelJob(self, request: pb.CancelJobRequest, _context: grpc.ServicerContext) -> pb.CancelJobResponse:
        """Ends a job early."""
        requests.document(request)
        return pb.CancelJobResponse(job=jobs.to_proto(self._service.cancel(request.job_id)))

    def ListProviderCalls(
        self, request: pb.ListProviderCallsRequest, _context: grpc.ServicerContext
    ) -> pb.ListProviderCallsResponse:
        """Lists what was sent to the provider for a job."""
        after, limit = requests.cursor(request), requests.page_size(request.page_size)
        return evidence.calls_to_proto(self._service.list_calls(request.job_id, after=after, limit=limit), request)
