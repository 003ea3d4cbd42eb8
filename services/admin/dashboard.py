"""The dashboard's address, with a link that signs in once."""

import webbrowser
from typing import Final

import httpx

from services.admin.access import Server
from shared import errors

_CALL_SECONDS: Final = 10.0


def sign_in_link(server: Server) -> str:
    """Returns a link to the dashboard that signs in as the token's owner, once, within ten minutes.

    Raises:
        Unavailable: No gateway answers there.
        Unauthenticated: The token is not good.
        FailedPrecondition: INVALID_STATE, there is no token, or what answers is no gateway.
    """
    if server.token is None:
        raise errors.FailedPrecondition(errors.Reason.INVALID_STATE, "there is no token to sign in with")
    place = url_of(server)
    headers = {"authorization": f"Bearer {server.token.value}"}
    try:
        answer = httpx.post(f"{place}/sign-in/codes", headers=headers, timeout=_CALL_SECONDS)
    except httpx.HTTPError as error:
        message = f"no gateway answers at {place}: {error}"
        raise errors.Unavailable(errors.Reason.DRAINING, message) from error
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise errors.Unauthenticated(errors.Reason.UNAUTHENTICATED, "the token is not good here")
    if answer.status_code != httpx.codes.OK:
        message = f"{place} answers {answer.status_code}: it is not the gateway, or cannot reach review"
        raise errors.FailedPrecondition(errors.Reason.INVALID_STATE, message)
    return f"{place}{answer.json()['path']}"


def url_of(server: Server) -> str:
    """Returns where the dashboard is."""
    return f"{'https' if server.tls else 'http'}://{server.address}"


def open_in_browser(link: str) -> bool:
    """Opens a link where there is a browser; returns whether there is."""
    try:
        return webbrowser.open(link)
    except webbrowser.Error:
        return False
