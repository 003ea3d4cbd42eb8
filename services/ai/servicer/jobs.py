"""The RPCs of jobs: convert, call one use case, convert."""

import time
from collections.abc import Callable, Iterator
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

    def __init__(self, service: JobService, *, bell: Bell, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._bell = bell
        self._monotonic = monotonic

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
        told, cursor, told_at = request.after_version, self._bell.cursor(), self._monotonic()
        # Who leaves is noticed at once, and the thread is free.
        context.add_callback(self._bell.ring)
        job = self._service.get(request.job_id)
        while True:
            if job.version > told:
                told, told_at = job.version, self._monotonic()
                yield pb.WatchJobResponse(job=jobs.to_proto(job))
            if job.ended:
                return
            before, cursor = cursor, self._bell.wait_beyond(cursor, timeout_seconds=HEARTBEAT_SECONDS)
            if self._bell.closed or not context.is_active():
                return
            caller.confirm()
            job = self._service.get(request.job_id)
            # It rings for other jobs, too.
            silent = cursor == before or self._monotonic() - told_at >= HEARTBEAT_SECONDS
            if silent and job.version <= told:
                told_at = self._monotonic()
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
