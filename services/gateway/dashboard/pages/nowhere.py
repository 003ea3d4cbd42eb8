"""Addresses below /insights that no page has: a person who mistyped one is answered with a page."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.dashboard.site import READS, Site
from services.gateway.dashboard.visit import Visit
from services.gateway.door import refusals


def routes(site: Site) -> APIRouter:
    """Returns the route, which takes what no route before it did."""
    router = APIRouter(include_in_schema=False)

    async def show(visit: Visit) -> Response:
        refusal = refusals.route_not_found(visit.request.url.path)
        return site.renderer.page(
            visit, "failure.html", title="Not found", active="", status=refusal.status, error=refusal
        )

    page = site.page(show)

    async def endpoint(request: Request) -> Response:
        # A program is told as of any other path.
        if "text/html" not in request.headers.get("accept", ""):
            raise refusals.route_not_found(request.url.path)
        return await page(request)

    router.add_api_route("/insights{path:path}", endpoint, methods=READS)
    return router
