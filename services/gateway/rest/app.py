"""The routes of the REST surface, as FastAPI serves them."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as PathRoute

from services.gateway.config import Config
from services.gateway.door.http_metrics import HttpMetrics
from services.gateway.rest.answering import Answering, OpenStreams
from services.gateway.rest.event_stream import Timing
from services.gateway.rest.openapi import document
from services.gateway.rest.route import Route
from services.gateway.rest.table import ROUTES
from services.gateway.upstream.services import Upstream


def routes(options: Config, upstream: Upstream, *, metrics: HttpMetrics, draining: asyncio.Event) -> list[BaseRoute]:
    """Returns all REST endpoints, one route for each path, whatever the method.

    Args:
        options: Says how patient streams are, and how many there may be.
        upstream: The services.
        metrics: Counts open streams.
        draining: Is set when the server stops.
    """
    streams = OpenStreams(options.stream_limit, metrics.streams)
    timing = Timing(options.ping_interval.total_seconds(), options.stall_timeout.total_seconds())
    return [
        PathRoute("/openapi.json", _document),
        *(
            PathRoute(path, Answering(group, upstream, streams=streams, timing=timing, draining=draining))
            for path, group in by_path().items()
        ),
    ]


async def _document(_request: Request) -> Response:
    return JSONResponse(document.document(), headers={"Cache-Control": "no-cache"})


def by_path() -> dict[str, list[Route]]:
    """Returns the routes of each path; what is written out comes before what a parameter would match."""
    found: dict[str, list[Route]] = {}
    for route in ROUTES:
        found.setdefault(route.path, []).append(route)
    return dict(sorted(found.items(), key=lambda pair: [part.startswith("{") for part in pair[0].split("/")]))
