"""Analyses: the newest of each experiment, one in full with its evidence, and asking for another."""

import asyncio
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from experimentation.v1 import analysis_pb2, common_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from services.gateway.dashboard.answers import Answer, ask, missing
from services.gateway.dashboard.pages import reading
from services.gateway.dashboard.site import READS, Done, Site
from services.gateway.dashboard.views.analyses import analysis_rows, fact_rows, provider_calls
from services.gateway.dashboard.views.head import ExperimentHead, elsewhere_head, experiment_head, unknown_head
from services.gateway.dashboard.views.messages import arm_names, metric_names
from services.gateway.dashboard.views.outcome import outcome_view
from services.gateway.dashboard.visit import Visit
from shared.errors import NotFound
from shared.identity.permission import Permission


def routes(site: Site) -> APIRouter:
    """Returns the routes."""
    router = APIRouter(include_in_schema=False)

    async def listed(visit: Visit) -> Response:
        return await _list(site, visit)

    async def one(visit: Visit) -> Response:
        return await _one(site, visit)

    async def newest(visit: Visit) -> Response:
        return await _newest(site, visit)

    router.add_api_route("/insights/analyses", site.page(listed), methods=READS)
    router.add_api_route("/insights/analyses/{analysis_id}", site.page(one), methods=READS)

    async def pack(visit: Visit) -> Response:
        return await _pack(site, visit)

    router.add_api_route("/insights/evidence/{sha256}", site.page(pack), methods=READS)
    path = "/insights/experiments/{experiment_id}"
    router.add_api_route(f"{path}/analyses", site.page(newest), methods=READS)
    router.add_api_route(f"{path}/analyze", site.form(_analyze), methods=["POST"])
    return router


async def _list(site: Site, visit: Visit) -> Response:
    found = await ask(reading.latest_analyses(visit, page_token=visit.asked("page")))
    return site.renderer.page(
        visit,
        "analyses.html",
        title="Analyses",
        active="analyses",
        rows=analysis_rows(found.value.analyses if found.value else ()),
        next_page=found.value.next_page_token if found.value else "",
        known=found.value is not None,
        missing=missing(analyses=found),
    )


async def _one(site: Site, visit: Visit) -> Response:
    request = pb.GetAnalysisRequest(analysis_id=visit.named("analysis_id"))
    answer = await visit.call(visit.upstream.analysis.GetAnalysis, request, pb.GetAnalysisResponse)
    history = await ask(reading.analyses(visit, answer.analysis.experiment_id))
    return await _shown(site, visit, answer.analysis.experiment_id, answer.analysis, history)


async def _newest(site: Site, visit: Visit) -> Response:
    experiment_id = visit.named("experiment_id")
    history = await ask(reading.analyses(visit, experiment_id))
    return await _shown(site, visit, experiment_id, history.value[0] if history.value else None, history)


async def _shown(
    site: Site,
    visit: Visit,
    experiment_id: str,
    analysis: analysis_pb2.ExperimentAnalysis | None,
    history: Answer[list[analysis_pb2.ExperimentAnalysis]],
) -> Response:
    experiment, pack, calls, caller = await asyncio.gather(
        ask(reading.experiment(visit, experiment_id)),
        ask(_evidence(visit, analysis)),
        ask(_calls(visit, analysis)),
        ask(reading.caller(visit)),
    )
    if analysis is None:
        reading.must_exist(experiment)
    arms = arm_names(experiment.value) if experiment.value else {}
    metrics = metric_names(experiment.value) if experiment.value else {}
    head = _head(experiment, experiment_id, visit.now)
    shown = [analysis] if analysis else []
    return site.renderer.page(
        visit,
        "analysis.html",
        title=f"Analysis of {head.name}",
        active="overview",
        head=head,
        outcome=outcome_view(shown, method="decided", scale="relative", arms=arms, metrics=metrics),
        facts=fact_rows(pack.value, arms=arms, metrics=metrics) if pack.value else (),
        canonical_json=pack.value.canonical_json if pack.value else "",
        calls=provider_calls(calls.value or ()),
        history=analysis_rows(history.value or ()),
        may_ask=head.kept_here and reading.may(Permission.ANALYSES_REQUEST, caller),
        missing=missing(history=history, evidence=pack, what_was_sent=calls),
    )


def _head(experiment: Answer[common_pb2.Experiment], experiment_id: str, now: datetime) -> ExperimentHead:
    if experiment.value:
        return experiment_head(experiment.value, now)
    return elsewhere_head(experiment_id) if isinstance(experiment.error, NotFound) else unknown_head(experiment_id)


async def _pack(site: Site, visit: Visit) -> Response:
    request = pb.GetEvidenceRequest(sha256=visit.named("sha256"))
    answer = await visit.call(visit.upstream.analysis.GetEvidence, request, pb.GetEvidenceResponse)
    return site.renderer.page(
        visit,
        "evidence.html",
        title="Evidence",
        active="",
        facts=fact_rows(answer.evidence_pack, arms={}, metrics={}),
        sha256=answer.evidence_pack.sha256,
        canonical_json=answer.evidence_pack.canonical_json,
    )


async def _evidence(visit: Visit, analysis: analysis_pb2.ExperimentAnalysis | None) -> analysis_pb2.EvidencePack:
    if analysis is None or not analysis.provenance.evidence_sha256:
        return analysis_pb2.EvidencePack()
    request = pb.GetEvidenceRequest(sha256=analysis.provenance.evidence_sha256)
    answer = await visit.call(visit.upstream.analysis.GetEvidence, request, pb.GetEvidenceResponse)
    return answer.evidence_pack


async def _calls(visit: Visit, analysis: analysis_pb2.ExperimentAnalysis | None) -> list[analysis_pb2.ProviderCall]:
    if analysis is None or not analysis.job_id:
        return []
    request = pb.ListProviderCallsRequest(job_id=analysis.job_id, page_size=10)
    answer = await visit.call(visit.upstream.analysis.ListProviderCalls, request, pb.ListProviderCallsResponse)
    return list(answer.provider_calls)


async def _analyze(visit: Visit) -> Done:
    request = pb.AnalyzeExperimentRequest(
        experiment_id=visit.named("experiment_id"),
        propose=visit.sent("propose") == "on",
        request_id=visit.sent("request_id")[:64],
    )
    answer = await visit.change(visit.upstream.analysis.AnalyzeExperiment, request)
    return Done(f"/insights/jobs/{answer.job.job_id}", "The analysis was asked for.")
