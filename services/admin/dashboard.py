"""The dashboard's link that signs in once."""

import webbrowser
from typing import Final

import httpx

from services.admin import gateway
from services.admin.access import Server
from shared import errors

CODES: Final = "/sign-in/codes"
_CALL_SECONDS: Final = 10.0


def sign_in_link(server: Server) -> str:
    """Returns a link to the dashboard that signs in as the token's owner, once, within ten minutes.

    Raises:
        Unavailable: DRAINING, no gateway answers there, or it cannot reach review.
        Unauthenticated: The token is not good.
        FailedPrecondition: INVALID_STATE, there is no token, or what answers is no gateway.
        InvalidArgument: INVALID_FIELD, the address is none.
        OSError: A TLS file cannot be read.
    """
    if server.token is None:
        raise errors.FailedPrecondition(errors.Reason.INVALID_STATE, "there is no token to sign in with")
    place = gateway.url_of(server)
    answer = gateway.ask(server, "POST", CODES, timeout_seconds=_CALL_SECONDS, signed=True)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise errors.Unauthenticated(errors.Reason.UNAUTHENTICATED, "the token is not good here")
    if answer.status_code in {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}:
        message = f"the gateway at {place} cannot make a link now: try again; is review there?"
        raise errors.Unavailable(errors.Reason.DRAINING, message)
    path = _path(answer) if answer.status_code == httpx.codes.OK else ""
    if not path:
        message = f"{place} answers {answer.status_code} in another way than the gateway: is that its address?"
        raise errors.FailedPrecondition(errors.Reason.INVALID_STATE, message)
    return place + path


def open_in_browser(link: str) -> bool:
    """Opens a link where there is a browser; returns whether there is."""
    try:
        return webbrowser.open(link)
    except webbrowser.Error:
        return False


def _path(answer: httpx.Response) -> str:
    """Returns the path in an answer; empty: there is none."""
    try:
        found = answer.json()["path"]
    except (ValueError, KeyError, TypeError):
        return ""
    return found if isinstance(found, str) and found.startswith("/") else ""
