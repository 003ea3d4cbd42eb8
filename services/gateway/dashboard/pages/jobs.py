"""Jobs of the AI: their progress, live, and ending them early."""

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from experimentation.v1 import analysis_service_pb2 as pb
from services.gateway.dashboard.answers import ask
from services.gateway.dashboard.pages import reading
from services.gateway.dashboard.rendering import no_news
from services.gateway.dashboard.site import READS, Done, Site
from services.gateway.dashboard.views.jobs import job_view
from services.gateway.dashboard.visit import Visit
from shared.identity.permission import Permission

_PATH = "/insights/jobs/{job_id}"


def routes(site: Site) -> APIRouter:
    """Returns the routes."""
    router = APIRouter(include_in_schema=False)

    async def show(visit: Visit) -> Response:
        request = pb.GetJobRequest(job_id=visit.named("job_id"))
        answer, caller = await asyncio.gather(
            visit.call(visit.upstream.analysis.GetJob, request, pb.GetJobResponse), ask(reading.caller(visit))
        )
        view = job_view(answer.job)
        if not visit.is_news(str(view.version)):
            return no_news()
        may_ask = reading.may(Permission.ANALYSES_REQUEST, caller)
        return site.renderer.page(visit, "job.html", title=view.kind, active="", it=view, may_ask=may_ask)

    router.add_api_route(_PATH, site.page(show), methods=READS)
    router.add_api_route(f"{_PATH}/cancel", site.form(_cancel), methods=["POST"])
    return router


async def _cancel(visit: Visit) -> Done:
    job_id = visit.named("job_id")
    await visit.change(visit.upstream.analysis.CancelJob, pb.CancelJobRequest(job_id=job_id))
    return Done(_PATH.format(job_id=job_id), "It ends at its next step.")
