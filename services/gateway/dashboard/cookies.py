"""Cookies of the pages: scripts cannot read them, other sites do not send them, and those of TLS need it."""

from starlette.requests import Request
from starlette.responses import Response


def put(response: Response, request: Request, name: str, value: str, *, seconds: int) -> None:
    """Gives the browser a cookie for so long."""
    response.set_cookie(
        name, value, max_age=seconds, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
