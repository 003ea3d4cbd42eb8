"""A bandit: weights over time, beliefs, gains, and the switches that reduce harm."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from experimentation.v1 import bandit_service_pb2 as pb
from services.gateway.dashboard.answers import ask, missing
from services.gateway.dashboard.pages import reading
from services.gateway.dashboard.site import READS, Done, Site
from services.gateway.dashboard.views.bandit import bandit_view
from services.gateway.dashboard.views.head import experiment_head, unknown_head
from services.gateway.dashboard.views.policy_versions import version_rows
from services.gateway.dashboard.visit import Visit
from shared.errors import NotFound
from shared.identity.permission import Permission

_PATH = "/insights/experiments/{experiment_id}/bandit"


def routes(site: Site) -> APIRouter:
    """Returns the routes."""
    router = APIRouter(include_in_schema=False)

    async def show(visit: Visit) -> Response:
        return await _show(site, visit)

    router.add_api_route(_PATH, site.page(show), methods=READS)
    for verb, (method, request, said) in _SWITCHES.items():
        router.add_api_route(f"{_PATH}/{verb}", site.form(_switched(method, request, said)), methods=["POST"])
    return router


async def _show(site: Site, visit: Visit) -> Response:
    experiment_id = visit.named("experiment_id")
    up = visit.upstream.bandit
    found, bandit, snapshots, caller = await asyncio.gather(
        ask(reading.experiment(visit, experiment_id)),
        ask(visit.call(up.GetBandit, pb.GetBanditRequest(experiment_id=experiment_id), pb.GetBanditResponse)),
        ask(
            visit.call(
                up.ListPolicySnapshots,
                pb.ListPolicySnapshotsRequest(experiment_id=experiment_id, page_size=20),
                pb.ListPolicySnapshotsResponse,
            )
        ),
        ask(reading.caller(visit)),
    )
    reading.must_exist(found)
    view = bandit_view(bandit.value.bandit, found.value, visit.now) if bandit.value else None
    unserved = isinstance(bandit.error, NotFound)
    head = experiment_head(found.value, visit.now) if found.value else unknown_head(experiment_id)
    return site.renderer.page(
        visit,
        "bandit.html",
        title=f"Bandit of {head.name}",
        active="overview",
        charts=[view.weights, view.beliefs] if view else [],
        head=head,
        it=view,
        unserved=unserved,
        versions=version_rows(snapshots.value.snapshots if snapshots.value else (), found.value),
        may_halt=reading.may(Permission.EXPERIMENTS_HALT, caller),
        missing=missing(experiment=found)
        if unserved
        else missing(experiment=found, bandit=bandit, policy_versions=snapshots),
    )


def _switched(method: str, request: Callable[..., Any], said: str) -> Callable[[Visit], Awaitable[Done]]:
    async def handler(visit: Visit) -> Done:
        experiment_id = visit.named("experiment_id")
        sent = request(
            experiment_id=experiment_id, reason=visit.sent("reason"), request_id=visit.sent("request_id")[:64]
        )
        await visit.change(getattr(visit.upstream.bandit, method), sent)
        return Done(_PATH.format(experiment_id=experiment_id), said)

    return handler


_SWITCHES: dict[str, tuple[str, Callable[..., Any], str]] = {
    "freeze": ("Freeze", pb.FreezeRequest, "The weights stay as they are."),
    "unfreeze": ("Unfreeze", pb.UnfreezeRequest, "The weights follow the data again."),
    "serve-control": ("ServeControl", pb.ServeControlRequest, "Everybody gets the control."),
    "serve-arms": ("ServeArms", pb.ServeArmsRequest, "Units get their arms again."),
}
