"""What all pages pass: who is signed in, forms that are bound to that, headers, and failures as pages."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.dashboard import cookies, csrf, notices, sessions
from services.gateway.dashboard.csrf import FormTokens
from services.gateway.dashboard.notices import Notice, Notices
from services.gateway.dashboard.policy import PAGE_HEADERS
from services.gateway.dashboard.rendering import Renderer, here
from services.gateway.dashboard.sessions import Session, SessionSeal
from services.gateway.dashboard.visit import Visit
from services.gateway.door import problem
from services.gateway.upstream.origin import Origin
from services.gateway.upstream.services import Upstream
from shared import log
from shared.clock import Clock
from shared.config import Secret
from shared.errors import PlatformError, Unauthenticated
from shared.rpc import status

SIGN_IN: Final = "/sign-in"
READS: Final = ["GET", "HEAD"]
"""Are the methods of a page; the server leaves the body out where HEAD asks."""

_logger = logging.getLogger(__name__)

Handler = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Done:
    """Is what a form answers with: where to go, and what to say there."""

    to: str
    text: str


@dataclass(frozen=True, slots=True)
class Site:
    """Holds what pages share."""

    upstream: Upstream
    renderer: Renderer
    seal: SessionSeal
    forms: FormTokens
    notices: Notices
    clock: Clock

    def page(self, handler: Handler) -> Endpoint:
        """Returns the endpoint of a page."""

        async def endpoint(request: Request) -> Response:
            session = self.session(request)
            if session is None:
                return self._outside(request)
            visit = self._visit(request, session, FormData())
            try:
                response = await handler(visit)
            except Unauthenticated:
                return self.signed_out(request)
            except PlatformError as error:
                return self._failure(visit, error)
            except Exception as error:  # whatever it is, a person is answered with a page
                return self._defect(visit, error)
            if visit.notice is not None:
                response.delete_cookie(notices.COOKIE)
            return response

        return endpoint

    def form(self, handler: Callable[[Visit], Awaitable[Done]]) -> Endpoint:
        """Returns the endpoint of a form, which goes on to a page that says what came of it."""

        async def endpoint(request: Request) -> Response:
            session = self.session(request)
            if session is None:
                return self.signed_out(request)
            visit = self._visit(request, session, await request.form())
            try:
                self.forms.check(visit.sent(csrf.FIELD), session.session_id)
            except PlatformError as error:
                return self._failure(visit, error)
            try:
                done = await handler(visit)
            except Unauthenticated:
                return self.signed_out(request)
            except PlatformError as error:
                return self._gone(visit, _back(visit), Notice(_told(error), bad=True))
            except Exception as error:  # whatever it is, a person is answered with a page
                return self._defect(visit, error)
            return self._gone(visit, done.to, Notice(done.text))

        return endpoint

    def session(self, request: Request) -> Session | None:
        """Returns who is signed in; None: nobody."""
        return self.seal.open(request.cookies.get(sessions.COOKIE, ""), self.clock())

    def signed_in(self, request: Request, session: Session) -> Response:
        """Returns the answer to a sign-in.

        Raises:
            ValueError: The session is longer than a cookie can be.
        """
        response = RedirectResponse("/", 303, PAGE_HEADERS)
        sealed = self.seal.seal(session, self.clock())
        cookies.put(response, request, sessions.COOKIE, sealed, seconds=int(self.seal.lifetime.total_seconds()))
        return response

    def signed_out(self, request: Request) -> Response:
        """Returns the answer to a sign-out, and to whoever's token is good no more."""
        if "hx-request" in request.headers:
            # A part of a page must not become the form.
            return Response("", 200, {**PAGE_HEADERS, "HX-Redirect": SIGN_IN})
        response = RedirectResponse(SIGN_IN, 303, PAGE_HEADERS)
        response.delete_cookie(sessions.COOKIE)
        response.delete_cookie(notices.COOKIE)
        return response

    def _visit(self, request: Request, session: Session, form: FormData) -> Visit:
        # A part of a page has no place for it: the next whole page says it.
        said = "" if "hx-request" in request.headers else request.cookies.get(notices.COOKIE, "")
        return Visit(
            request=request,
            session=session,
            upstream=self.upstream,
            origin=Origin(Secret(session.token), request.state.request_id),
            now=self.clock(),
            csrf_token=self.forms.token_for(session.session_id),
            notice=self.notices.opened(said, session.session_id) if said else None,
            form=form,
        )

    def _outside(self, request: Request) -> Response:
        # A strict cookie does not come with a link from elsewhere; the same page, asked for from here, gets it.
        if request.headers.get("sec-fetch-site") == "cross-site" and request.method == "GET":
            return self.renderer.outside(request, "bounce.html", to=here(request))
        return self.signed_out(request)

    def _failure(self, visit: Visit, error: PlatformError) -> Response:
        code = status.HTTP_STATUSES[error.kind]
        return self.renderer.page(
            visit,
            "failure.html",
            title="Not found" if code == 404 else "This did not work",
            active="",
            status=code,
            error=error,
        )

    def _defect(self, visit: Visit, error: Exception) -> Response:
        log.failure(_logger, "page failed", error)
        return self._failure(visit, problem.defect(visit.origin.request_id))

    def _gone(self, visit: Visit, to: str, notice: Notice) -> Response:
        response = RedirectResponse(to, 303, PAGE_HEADERS)
        sealed = self.notices.sealed(notice, visit.session.session_id)
        cookies.put(response, visit.request, notices.COOKIE, sealed, seconds=notices.LIFETIME_SECONDS)
        return response


def local(path: str) -> str:
    """Returns the path, if it is one of this site; else the first page."""
    sound = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if sound else "/"


def _back(visit: Visit) -> str:
    return local(visit.sent("back"))


def _told(error: PlatformError) -> str:
    return f"{error.message} ({error.reason.value})"
