"""Builds the server: use cases, servicers, streams."""

from experimentation.v1 import analysis_service_pb2
from services.ai.config import Config
from services.ai.domain.ports import Proposer
from services.ai.main.parts import Parts
from services.ai.service.adopting import Adopting
from services.ai.service.analyses import AnalysisReader
from services.ai.service.designs import DesignService
from services.ai.service.effectiveness import EffectivenessReader
from services.ai.service.hypotheses import HypothesisService
from services.ai.service.jobs import JobService
from services.ai.service.provider_check import ProviderCheck
from services.ai.service.requests import JobRequests
from services.ai.servicer.analyses import AnalysesServicer
from services.ai.servicer.composed import AnalysisServicer
from services.ai.servicer.designs import DesignServicer
from services.ai.servicer.effectiveness import EffectivenessServicer
from services.ai.servicer.hypotheses import HypothesisServicer
from services.ai.servicer.jobs import JobServicer
from services.ai.servicer.providers import ProviderServicer
from services.ai.servicer.requests import RequestServicer
from shared import clock, ids, telemetry
from shared.bell import Bell
from shared.rpc.authorization import Authorizer
from shared.rpc.server import RpcServer

_SERVICE = analysis_service_pb2.DESCRIPTOR.services_by_name["AnalysisService"]


def build_server(
    options: Config,
    parts: Parts,
    proposer: Proposer,
    *,
    metrics: telemetry.RpcMetrics,
    authorizer: Authorizer,
    bell: Bell,
) -> RpcServer:
    """Returns the server with its service, not yet started."""
    server = RpcServer(options, metrics, authorizer=authorizer)
    server.add_service(
        _SERVICE,
        AnalysisServicer(
            RequestServicer(_requests(options, parts), clock=clock.now),
            JobServicer(JobService(parts.store.jobs, parts.store.calls, clock=clock.now), bell=bell),
            HypothesisServicer(HypothesisService(parts.store.hypotheses, clock=clock.now)),
            DesignServicer(DesignService(parts.store.designs), _adopting(parts, proposer)),
            AnalysesServicer(AnalysisReader(parts.store.analyses)),
            EffectivenessServicer(EffectivenessReader(parts.store, clock=clock.now)),
            ProviderServicer(_check(options, parts)),
        ),
    )
    server.on_drain(bell.close)
    return server


def _requests(options: Config, parts: Parts) -> JobRequests:
    return JobRequests(
        parts.store.jobs,
        parts.store.hypotheses,
        parts.experiments,
        parts.sender,
        clock=clock.now,
        new_id=ids.new_id,
        queue_limit=options.job.queue_limit,
    )


def _adopting(parts: Parts, proposer: Proposer) -> Adopting:
    store = parts.store
    return Adopting(store.designs, store.hypotheses, parts.experiments, proposer, clock=clock.now)


def _check(options: Config, parts: Parts) -> ProviderCheck:
    provider = parts.provider
    return ProviderCheck(
        provider.asker,
        parts.store.calls,
        budget_left_usd=provider.budget_left_usd,
        timeout_seconds=options.llm.timeout.total_seconds(),
        new_id=ids.new_id,
    )
