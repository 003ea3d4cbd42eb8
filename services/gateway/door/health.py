"""Says whether the process lives, and whether it takes requests."""

import asyncio
from typing import Final

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

LIVE: Final = "/healthz"
READY: Final = "/readyz"
_NO_STORE: Final = {"Cache-Control": "no-store"}


def routes(draining: asyncio.Event) -> APIRouter:
    """Returns the routes. A service that is down makes the gateway no less ready: it says so where it is asked."""
    router = APIRouter(include_in_schema=False)

    @router.get(LIVE)
    async def live() -> Response:
        return JSONResponse({"status": "live"}, headers=_NO_STORE)

    @router.get(READY)
    async def ready() -> Response:
        if draining.is_set():
            return JSONResponse({"status": "draining"}, 503, _NO_STORE)
        return JSONResponse({"status": "ready"}, headers=_NO_STORE)

    return router
