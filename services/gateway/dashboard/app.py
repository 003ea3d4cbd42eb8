"""The routes of the dashboard."""

import secrets
from datetime import timedelta
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.config import Config
from services.gateway.dashboard import assets as files
from services.gateway.dashboard.assets import Assets
from services.gateway.dashboard.csrf import FormTokens
from services.gateway.dashboard.notices import Notices
from services.gateway.dashboard.pages import (
    analyses,
    bandit,
    designs,
    experiment,
    hypotheses,
    jobs,
    nowhere,
    overview,
    proposals,
    reviews,
)
from services.gateway.dashboard.pages.sign_in import SignIn
from services.gateway.dashboard.rendering import Renderer
from services.gateway.dashboard.sessions import SessionSeal
from services.gateway.dashboard.sign_in_codes import SignInCodes
from services.gateway.dashboard.site import READS, Site
from services.gateway.upstream.services import Upstream
from shared import clock

SESSION_LIFETIME: Final = timedelta(hours=12)


def routes(options: Config, upstream: Upstream) -> APIRouter:
    """Returns the router of all pages.

    Without a secret in the options, sessions are good on this process alone, and end with it.
    """
    secret = options.session_secret.value or secrets.token_urlsafe(32)
    assets = Assets()
    site = Site(
        upstream=upstream,
        renderer=Renderer(assets),
        seal=SessionSeal(secret, lifetime=SESSION_LIFETIME),
        forms=FormTokens(secret, lifetime=SESSION_LIFETIME),
        notices=Notices(secret),
        clock=clock.now,
    )
    router = APIRouter(include_in_schema=False)

    async def file(request: Request) -> Response:
        return assets.answer(request, request.path_params["name"])

    router.add_api_route(f"{files.PREFIX}/{{name}}", file, methods=READS)
    router.include_router(SignIn(site, SignInCodes()).routes())
    for page in (overview, experiment, bandit, analyses, hypotheses, designs, reviews, proposals, jobs, nowhere):
        router.include_router(page.routes(site))
    return router
