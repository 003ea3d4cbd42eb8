"""An experiment: the decision, the results, their course, the health of the data, and what became of it."""

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.dashboard.answers import ask, missing
from services.gateway.dashboard.pages import reading
from services.gateway.dashboard.site import READS, Site
from services.gateway.dashboard.views.head import experiment_head, unknown_head
from services.gateway.dashboard.views.messages import arm_names, metric_names
from services.gateway.dashboard.views.outcome import outcome_view
from services.gateway.dashboard.views.results import METHODS, SCALES
from services.gateway.dashboard.views.revisions import audit_events, revisions
from services.gateway.dashboard.visit import Visit
from shared.identity.permission import Permission


def routes(site: Site) -> APIRouter:
    """Returns the routes."""
    router = APIRouter(include_in_schema=False)

    async def show(visit: Visit) -> Response:
        return await _show(site, visit, "experiment.html")

    async def report(visit: Visit) -> Response:
        return await _show(site, visit, "report.html")

    path = "/insights/experiments/{experiment_id}"
    router.add_api_route(path, site.page(show), methods=READS)
    router.add_api_route(f"{path}/report", site.page(report), methods=READS)
    return router


async def _show(site: Site, visit: Visit, template: str) -> Response:
    experiment_id = visit.named("experiment_id")
    found, analyses, changes, events, caller = await asyncio.gather(
        ask(reading.experiment(visit, experiment_id)),
        ask(reading.analyses(visit, experiment_id)),
        ask(reading.revisions(visit, experiment_id)),
        ask(reading.audit(visit, f"experiments/{experiment_id}")),
        ask(reading.caller(visit)),
    )
    reading.must_exist(found)
    method = visit.chosen("method", tuple(value for value, _ in METHODS))
    scale = visit.chosen("scale", tuple(value for value, _ in SCALES))
    head = experiment_head(found.value, visit.now) if found.value else unknown_head(experiment_id)
    outcome = outcome_view(
        analyses.value or [],
        method=method,
        scale=scale,
        arms=arm_names(found.value) if found.value else {},
        metrics=metric_names(found.value) if found.value else {},
    )
    return site.renderer.page(
        visit,
        template,
        title=head.name,
        active="overview",
        charts=[outcome.series] if outcome else [],
        head=head,
        outcome=outcome,
        analysed=analyses.value is not None,
        may_ask=reading.may(Permission.ANALYSES_REQUEST, caller),
        revisions=revisions(changes.value or ()),
        events=audit_events(events.value or ()),
        method=method,
        methods=METHODS,
        scale=scale,
        scales=SCALES,
        missing=missing(experiment=found, results=analyses, revisions=changes, audit_log=events),
    )
