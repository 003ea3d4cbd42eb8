"""Signing in, by token or by a one-time link, and out."""

import secrets
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from experimentation.v1 import identity_service_pb2 as pb
from services.gateway.dashboard import cookies, csrf
from services.gateway.dashboard.policy import PAGE_HEADERS
from services.gateway.dashboard.rendering import THEME_COOKIE, THEMES
from services.gateway.dashboard.sessions import Session, new_session
from services.gateway.dashboard.sign_in_codes import SignInCodes
from services.gateway.dashboard.site import READS, SIGN_IN, Site, local
from services.gateway.dashboard.visit import CALL_SECONDS
from services.gateway.door import problem
from services.gateway.door.bearer import is_sound, origin_of
from services.gateway.upstream.origin import Origin
from shared.config import Secret
from shared.errors import PermissionDenied, PlatformError, Reason, Unauthenticated
from shared.rpc import status

ANONYMOUS_COOKIE = "insights_form"
_ELSEWHERE = frozenset({"cross-site", "same-site"})
_HOUR_SECONDS = 3600
_YEAR_SECONDS = 366 * 86400


class SignIn:
    """Answers the requests of those who are not signed in yet, or no longer want to be."""

    def __init__(self, site: Site, codes: SignInCodes) -> None:
        self._site = site
        self._codes = codes

    def routes(self) -> APIRouter:
        """Returns the routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route(SIGN_IN, self.show, methods=READS)
        router.add_api_route(SIGN_IN, self.sign_in, methods=["POST"])
        router.add_api_route(f"{SIGN_IN}/codes", self.make_code, methods=["POST"])
        router.add_api_route("/sign-out", self.sign_out, methods=["POST"])
        router.add_api_route("/theme", self.set_theme, methods=["POST"])
        return router

    async def show(self, request: Request) -> Response:
        """Shows the form, or signs in with the code of a one-time link."""
        code = request.query_params.get("code", "")
        if not code or request.method == "HEAD":
            # Who only asks whether the page is there does not use the link up.
            return self._form(request)
        if "prefetch" in request.headers.get("sec-purpose", ""):
            return Response("", 503, PAGE_HEADERS)
        if request.headers.get("sec-fetch-site") in _ELSEWHERE:
            # Who follows a link of another page may not know whom it signs in.
            return self._site.renderer.outside(request, "follow.html", to=f"{SIGN_IN}?{urlencode({'code': code})}")
        token = self._codes.take(code, self._site.clock())
        if token is None:
            return self._form(request, "This link was used before, or is too old. Sign in with a token.", 400)
        return await self._signed_in(request, token)

    async def sign_in(self, request: Request) -> Response:
        """Takes the form."""
        form = await request.form()
        try:
            bound_to = request.cookies.get(ANONYMOUS_COOKIE, "")
            self._site.forms.check(str(form.get(csrf.FIELD, "")), bound_to or secrets.token_hex(8))
        except PermissionDenied as error:
            return self._form(request, error.message, 403)
        return await self._signed_in(request, str(form.get("token", "")).strip())

    async def make_code(self, request: Request) -> Response:
        """Makes a one-time link for whoever has a token, so that a browser need not be given it."""
        try:
            token = origin_of(request.headers, request.state.request_id).token.value
            await self._session(request, token)
        except PlatformError as error:
            return problem.response(error, request_id=request.state.request_id)
        code = self._codes.make(token, self._site.clock())
        return JSONResponse({"path": f"{SIGN_IN}?code={code}"}, headers={"Cache-Control": "no-store"})

    async def sign_out(self, request: Request) -> Response:
        """Ends the session."""
        session = self._site.session(request)
        form = await request.form()
        if session is not None:
            try:
                self._site.forms.check(str(form.get(csrf.FIELD, "")), session.session_id)
            except PermissionDenied:
                return RedirectResponse("/", 303, PAGE_HEADERS)
        return self._site.signed_out(request)

    async def set_theme(self, request: Request) -> Response:
        """Chooses the colours."""
        form = await request.form()
        response = RedirectResponse(local(str(form.get("back", "/"))), 303, PAGE_HEADERS)
        theme, session = str(form.get("theme", "")), self._site.session(request)
        if session is None or theme not in THEMES:
            return response
        try:
            self._site.forms.check(str(form.get(csrf.FIELD, "")), session.session_id)
        except PermissionDenied:
            return response
        cookies.put(response, request, THEME_COOKIE, theme, seconds=_YEAR_SECONDS)
        return response

    async def _signed_in(self, request: Request, token: str) -> Response:
        try:
            response = self._site.signed_in(request, await self._session(request, token))
        except Unauthenticated:
            return self._form(request, "This token is not good here: it is unknown, has expired, or was revoked.", 401)
        except PlatformError as error:
            return self._form(request, error.message, status.HTTP_STATUSES[error.kind])
        except ValueError:
            return self._form(request, "This token is too long for a browser to keep. Sign in with an API token.", 400)
        response.delete_cookie(ANONYMOUS_COOKIE)
        return response

    async def _session(self, request: Request, token: str) -> Session:
        if not is_sound(token):
            raise Unauthenticated(Reason.UNAUTHENTICATED, "this is no token")
        upstream = self._site.upstream
        answer = await upstream.call(
            upstream.identities.GetCaller,
            pb.GetCallerRequest(),
            Origin(Secret(token), request.state.request_id),
            timeout_seconds=CALL_SECONDS,
        )
        who = answer.principal
        return new_session(token, who.principal_id, who.display_name or who.principal_id)

    def _form(self, request: Request, wrong: str = "", code: int = 200) -> Response:
        anonymous = request.cookies.get(ANONYMOUS_COOKIE) or secrets.token_urlsafe(16)
        token = self._site.forms.token_for(anonymous)
        response = self._site.renderer.outside(request, "sign_in.html", status=code, problem=wrong, csrf_token=token)
        cookies.put(response, request, ANONYMOUS_COOKIE, anonymous, seconds=_HOUR_SECONDS)
        return response
