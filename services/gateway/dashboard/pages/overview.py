"""The overview: all experiments at a glance, and what waits for whoever looks."""

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from experimentation.v1 import analysis_pb2, common_pb2
from experimentation.v1 import experiment_service_pb2 as experiments_pb2
from experimentation.v1.review_service_pb2 import ChangeRequestFilter
from services.gateway.dashboard.answers import ask, missing
from services.gateway.dashboard.pages import reading
from services.gateway.dashboard.site import READS, Site
from services.gateway.dashboard.views.jobs import job_rows
from services.gateway.dashboard.views.overview import overview_rows
from services.gateway.dashboard.views.reviews import request_rows
from services.gateway.dashboard.visit import Visit

_STATES = {
    "": "All",
    "running": "Running",
    "draft": "Drafts",
    "paused": "Paused",
    "stopped": "Stopped",
}


def routes(site: Site) -> APIRouter:
    """Returns the routes."""
    router = APIRouter(include_in_schema=False)

    async def show(visit: Visit) -> Response:
        return await _show(site, visit)

    router.add_api_route("/", site.page(show), methods=READS)
    return router


async def _show(site: Site, visit: Visit) -> Response:
    found, analyses, waiting, running, queued = await asyncio.gather(
        ask(_experiments(visit)),
        ask(reading.latest_analyses(visit)),
        ask(reading.change_requests(visit, ChangeRequestFilter(awaits_caller=True))),
        ask(reading.jobs(visit, analysis_pb2.JOB_STATE_RUNNING)),
        ask(reading.jobs(visit, analysis_pb2.JOB_STATE_QUEUED)),
    )
    experiments = found.value.experiments if found.value else ()
    return site.renderer.page(
        visit,
        "overview.html",
        title="Overview",
        active="overview",
        rows=overview_rows(experiments, analyses.value.analyses if analyses.value else (), visit.now),
        waiting=request_rows(waiting.value.change_requests if waiting.value else (), visit.now),
        jobs=job_rows([*(running.value or ()), *(queued.value or ())]),
        states=_STATES,
        state=visit.chosen("state", tuple(_STATES)),
        text=visit.asked("text"),
        next_page=found.value.next_page_token if found.value else "",
        missing=missing(experiments=found, results=analyses, what_waits_for_you=waiting, jobs=running),
        known=found.value is not None,
        all_analyses=analyses.value is not None and not analyses.value.next_page_token,
    )


async def _experiments(visit: Visit) -> experiments_pb2.ListExperimentsResponse:
    request = experiments_pb2.ListExperimentsRequest(
        page_size=50, page_token=visit.asked("page"), text=visit.asked("text")[:200]
    )
    state = visit.chosen("state", tuple(_STATES))
    if state:
        request.states.append(common_pb2.ExperimentState.Value(f"EXPERIMENT_STATE_{state.upper()}"))
    return await visit.call(
        visit.upstream.experiments.ListExperiments, request, experiments_pb2.ListExperimentsResponse
    )
