"""A service with the AI's contract that does what the test says: jobs move when they are told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import grpc

from experimentation.v1 import analysis_pb2, analysis_service_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from shared import telemetry
from shared.errors import NotFound, Reason, invalid_field
from shared.rpc.options import ServerOptions
from shared.rpc.server import RpcServer
from tests.fakes import identity

STOP_SECONDS = 5.0
ENDED = (analysis_pb2.JOB_STATE_SUCCEEDED, analysis_pb2.JOB_STATE_FAILED, analysis_pb2.JOB_STATE_CANCELLED)


class ScriptedAi:
    """Answers the RPCs of jobs; what else there is, it does not find."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._closed = False
        self._jobs: dict[str, analysis_pb2.Job] = {}
        self.requests: list[Any] = []
        self.open_streams = 0

    def put(self, job: analysis_pb2.Job) -> None:
        """Makes the job what it is from now on, and tells who watches."""
        with self._changed:
            self._jobs[job.job_id] = job
            self._changed.notify_all()

    def wait_for_streams(self, count: int, *, seconds: float = 20) -> bool:
        """Returns whether so many streams are open, once they are or after a while."""
        with self._changed:
            return self._changed.wait_for(lambda: self.open_streams == count, timeout=seconds)

    def close(self) -> None:
        """Ends all streams."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def SuggestHypotheses(
        self, request: pb.SuggestHypothesesRequest, _context: grpc.ServicerContext
    ) -> pb.SuggestHypothesesResponse:
        return pb.SuggestHypothesesResponse(job=self._made(request, analysis_pb2.JOB_KIND_SUGGEST_HYPOTHESES))

    def RecommendDesign(
        self, request: pb.RecommendDesignRequest, _context: grpc.ServicerContext
    ) -> pb.RecommendDesignResponse:
        return pb.RecommendDesignResponse(job=self._made(request, analysis_pb2.JOB_KIND_RECOMMEND_DESIGN))

    def AnalyzeExperiment(
        self, request: pb.AnalyzeExperimentRequest, _context: grpc.ServicerContext
    ) -> pb.AnalyzeExperimentResponse:
        return pb.AnalyzeExperimentResponse(job=self._made(request, analysis_pb2.JOB_KIND_ANALYZE_EXPERIMENT))

    def GetJob(self, request: pb.GetJobRequest, _context: grpc.ServicerContext) -> pb.GetJobResponse:
        return pb.GetJobResponse(job=self._job(request.job_id))

    def ListJobs(self, request: pb.ListJobsRequest, _context: grpc.ServicerContext) -> pb.ListJobsResponse:
        if request.page_token:
            raise invalid_field("page_token", "is of another query")
        return pb.ListJobsResponse(jobs=list(self._jobs.values()))

    def CancelJob(self, request: pb.CancelJobRequest, _context: grpc.ServicerContext) -> pb.CancelJobResponse:
        return pb.CancelJobResponse(job=self._job(request.job_id))

    def WatchJob(self, request: pb.WatchJobRequest, context: grpc.ServicerContext) -> Iterator[pb.WatchJobResponse]:
        known = self._job(request.job_id)
        version = request.after_version
        context.add_callback(self._ring)
        with self._changed:
            self.open_streams += 1
            self._changed.notify_all()
        try:
            while known.state not in ENDED or known.version > version:
                with self._changed:
                    self._changed.wait_for(partial(self._wakes, request.job_id, version, context))
                    known = self._jobs[request.job_id]
                if self._closed or not context.is_active():
                    return
                version = known.version
                yield pb.WatchJobResponse(job=known)
        finally:
            with self._changed:
                self.open_streams -= 1
                self._changed.notify_all()

    def PlanSampleSize(
        self, request: pb.PlanSampleSizeRequest, _context: grpc.ServicerContext
    ) -> pb.PlanSampleSizeResponse:
        return pb.PlanSampleSizeResponse(units_per_arm=5000, unit_count=10000)

    def ValidateDesign(
        self, request: pb.ValidateDesignRequest, _context: grpc.ServicerContext
    ) -> pb.ValidateDesignResponse:
        return pb.ValidateDesignResponse(acceptable=True)

    def ListHypotheses(
        self, request: pb.ListHypothesesRequest, _context: grpc.ServicerContext
    ) -> pb.ListHypothesesResponse:
        return pb.ListHypothesesResponse()

    def ListDesigns(self, request: pb.ListDesignsRequest, _context: grpc.ServicerContext) -> pb.ListDesignsResponse:
        return pb.ListDesignsResponse()

    def ListAnalyses(self, request: pb.ListAnalysesRequest, _context: grpc.ServicerContext) -> pb.ListAnalysesResponse:
        return pb.ListAnalysesResponse()

    def GetEffectiveness(
        self, request: pb.GetEffectivenessRequest, _context: grpc.ServicerContext
    ) -> pb.GetEffectivenessResponse:
        return pb.GetEffectivenessResponse()

    def GetHypothesis(self, request: pb.GetHypothesisRequest, _context: grpc.ServicerContext) -> Any:
        raise _not_found(Reason.HYPOTHESIS_NOT_FOUND, "hypothesis_id", request.hypothesis_id)

    def ReviewHypothesis(self, request: pb.ReviewHypothesisRequest, _context: grpc.ServicerContext) -> Any:
        self.requests.append(request)
        raise _not_found(Reason.HYPOTHESIS_NOT_FOUND, "hypothesis_id", request.hypothesis_id)

    def GetDesign(self, request: pb.GetDesignRequest, _context: grpc.ServicerContext) -> Any:
        raise _not_found(Reason.DESIGN_NOT_FOUND, "design_id", request.design_id)

    def CreateExperimentFromDesign(
        self, request: pb.CreateExperimentFromDesignRequest, _context: grpc.ServicerContext
    ) -> Any:
        raise _not_found(Reason.DESIGN_NOT_FOUND, "design_id", request.design_id)

    def GetAnalysis(self, request: pb.GetAnalysisRequest, _context: grpc.ServicerContext) -> Any:
        raise _not_found(Reason.ANALYSIS_NOT_FOUND, "analysis_id", request.analysis_id)

    def GetEvidence(self, request: pb.GetEvidenceRequest, _context: grpc.ServicerContext) -> Any:
        raise _not_found(Reason.ANALYSIS_NOT_FOUND, "sha256", request.sha256)

    def ListProviderCalls(self, request: pb.ListProviderCallsRequest, _context: grpc.ServicerContext) -> Any:
        raise _not_found(Reason.JOB_NOT_FOUND, "job_id", request.job_id)

    def CheckProvider(
        self, request: pb.CheckProviderRequest, _context: grpc.ServicerContext
    ) -> pb.CheckProviderResponse:
        return pb.CheckProviderResponse()

    def _wakes(self, job_id: str, version: int, context: grpc.ServicerContext) -> bool:
        return self._closed or not context.is_active() or self._jobs[job_id].version > version

    def _ring(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _made(self, request: Any, kind: "analysis_pb2.JobKind.ValueType") -> analysis_pb2.Job:
        self.requests.append(request)
        job = analysis_pb2.Job(
            job_id=f"job_{len(self.requests)}",
            kind=kind,
            state=analysis_pb2.JOB_STATE_QUEUED,
            stage=analysis_pb2.JOB_STAGE_UNSPECIFIED,
            experiment_id=getattr(request, "experiment_id", ""),
            version=1,
        )
        self.put(job)
        return job

    def _job(self, job_id: str) -> analysis_pb2.Job:
        if job_id not in self._jobs:
            raise _not_found(Reason.JOB_NOT_FOUND, "job_id", job_id)
        return self._jobs[job_id]


@contextmanager
def served(scripted: ScriptedAi | None = None, **options: Any) -> Iterator[tuple[ScriptedAi, str]]:
    """Serves this one, or a fresh one; gives it and its address."""
    ai = scripted or ScriptedAi()
    metrics = telemetry.RpcMetrics(telemetry.new_registry())
    server = RpcServer(ServerOptions(**options), metrics, authorizer=identity.authorizer())
    server.add_service(analysis_service_pb2.DESCRIPTOR.services_by_name["AnalysisService"], ai)
    server.on_drain(ai.close)
    try:
        yield ai, server.start()
    finally:
        server.stop(STOP_SECONDS)


def _not_found(reason: Reason, name: str, value: str) -> NotFound:
    return NotFound(reason, f"there is no {name} {value!r}", metadata={name: value})
