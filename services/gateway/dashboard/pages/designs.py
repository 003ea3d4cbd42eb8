"""Designs: all of them, one in full with what-if, and making an experiment of one."""

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from experimentation.v1 import analysis_service_pb2 as pb
from experimentation.v1 import common_pb2, review_service_pb2
from services.gateway.dashboard.answers import ask, missing
from services.gateway.dashboard.pages import reading, what_if
from services.gateway.dashboard.site import READS, Done, Site
from services.gateway.dashboard.views.badges import Badge, request_state
from services.gateway.dashboard.views.designs import arm_labels, design_rows, design_view
from services.gateway.dashboard.visit import Visit
from shared.identity.permission import Permission

_PATH = "/insights/designs"


def routes(site: Site) -> APIRouter:
    """Returns the routes."""
    router = APIRouter(include_in_schema=False)

    async def listed(visit: Visit) -> Response:
        return await _list(site, visit)

    async def one(visit: Visit) -> Response:
        return await _one(site, visit)

    router.add_api_route(_PATH, site.page(listed), methods=READS)
    router.add_api_route(f"{_PATH}/{{design_id}}", site.page(one), methods=READS)
    router.add_api_route(f"{_PATH}/{{design_id}}/experiment", site.form(_create), methods=["POST"])
    return router


async def _list(site: Site, visit: Visit) -> Response:
    request = pb.ListDesignsRequest(page_size=50, page_token=visit.asked("page"))
    found = await ask(visit.call(visit.upstream.analysis.ListDesigns, request, pb.ListDesignsResponse))
    return site.renderer.page(
        visit,
        "designs.html",
        title="Designs",
        active="designs",
        rows=design_rows(found.value.designs if found.value else ()),
        next_page=found.value.next_page_token if found.value else "",
        known=found.value is not None,
        missing=missing(designs=found),
    )


async def _one(site: Site, visit: Visit) -> Response:
    request = pb.GetDesignRequest(design_id=visit.named("design_id"))
    found, caller = await asyncio.gather(
        ask(visit.call(visit.upstream.analysis.GetDesign, request, pb.GetDesignResponse)), ask(reading.caller(visit))
    )
    design = found.got().design
    view = design_view(design)
    tried, start = await asyncio.gather(what_if.tried(visit, design), _start(visit, design.change_request_id))
    may = all(reading.may(each, caller) for each in (Permission.EXPERIMENTS_CREATE, Permission.CHANGES_PROPOSE))
    return site.renderer.page(
        visit,
        "design.html",
        title=f"Design for {view.row.metric}",
        active="designs",
        charts=[tried.chart or view.by_weeks, view.split],
        it=view,
        tried=tried,
        start=start,
        looking=what_if.LOOKING,
        arms=list(enumerate(arm_labels(len(design.plan.arm_shares)))),
        may_create=may and not view.row.experiment_id and design.recommended,
        missing=tried.missing,
    )


async def _start(visit: Visit, change_request_id: str) -> Badge | None:
    """Returns where the request to start the experiment stands; None where there is none, or that is not known."""
    if not change_request_id:
        return None
    request = review_service_pb2.GetChangeRequestRequest(change_request_id=change_request_id)
    answer = review_service_pb2.GetChangeRequestResponse
    found = await ask(visit.call(visit.upstream.reviews.GetChangeRequest, request, answer))
    return request_state(found.value.change_request.state) if found.value else None


async def _create(visit: Visit) -> Done:
    request = pb.CreateExperimentFromDesignRequest(
        design_id=visit.named("design_id"),
        experiment_id=visit.sent("experiment_id"),
        display_name=visit.sent("display_name"),
        arms=_arms(visit),
        draft_only=visit.sent("draft_only") == "on",
        request_id=visit.sent("request_id")[:64],
    )
    answer = await visit.change(visit.upstream.analysis.CreateExperimentFromDesign, request)
    if answer.change_request_id:
        return Done(f"/insights/reviews/{answer.change_request_id}", "The experiment is a draft; its start waits here.")
    return Done(f"/insights/experiments/{answer.experiment.experiment_id}", "The experiment is a draft.")


def _arms(visit: Visit) -> list[common_pb2.Arm]:
    """Returns the arms that the form names; none where it leaves all to the service."""
    named = [(visit.sent(f"arm_id_{place}"), visit.sent(f"arm_name_{place}")) for place in range(64)]
    if not any(arm_id for arm_id, _ in named):
        return []
    count = max(place for place, (arm_id, name) in enumerate(named) if arm_id or name) + 1
    return [
        common_pb2.Arm(arm_id=arm_id, display_name=name, control=place == 0)
        for place, (arm_id, name) in enumerate(named[:count])
    ]
