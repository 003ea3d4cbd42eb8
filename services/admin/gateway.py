"""The gateway as the command calls it: over HTTP."""

import ssl
from typing import Final

import httpx

from services.admin.access import Server
from shared import errors
from shared.errors import invalid_field

LIVE: Final = "/healthz"
"""Answers 200 while the gateway lives; `services.gateway.door.health` has it."""


def url_of(server: Server) -> str:
    """Returns where it is."""
    return f"{'https' if server.tls else 'http'}://{server.address}"


def ask(server: Server, method: str, path: str, *, timeout_seconds: float, signed: bool = False) -> httpx.Response:
    """Returns what it answers.

    Args:
        server: Where it is.
        method: GET or POST.
        path: Begins with a slash.
        timeout_seconds: How long it may take.
        signed: Whether the token is sent.

    Raises:
        InvalidArgument: INVALID_FIELD, the address is none.
        Unavailable: DRAINING, nobody answers there.
        OSError: A TLS file cannot be read.
    """
    headers = {"authorization": f"Bearer {server.token.value}"} if signed and server.token else {}
    try:
        return httpx.request(
            method,
            url_of(server) + path,
            headers=headers,
            timeout=timeout_seconds,
            verify=_trusted(server),
            # Without TLS a proxy of the environment would read the token.
            trust_env=server.tls is not None,
        )
    except httpx.InvalidURL as error:
        raise invalid_field("--gateway-address", f"{server.address!r} is not like host:port") from error
    except httpx.HTTPError as error:
        message = f"no gateway answers at {url_of(server)}: {error}"
        raise errors.Unavailable(errors.Reason.DRAINING, message) from error


def is_live(answer: httpx.Response) -> bool:
    """Says whether that is how a gateway answers when it is asked whether it lives."""
    if answer.status_code != httpx.codes.OK:
        return False
    try:
        return bool(answer.json() == {"status": "live"})
    except ValueError:
        return False


def _trusted(server: Server) -> ssl.SSLContext | bool:
    if server.tls is None:
        return False
    # Read here: the library does not say which file is missing. Comments may be anything, what counts is ASCII.
    signers = server.tls.ca.read_bytes().decode("ascii", "ignore") if server.tls.ca else None
    trusted = ssl.create_default_context(cadata=signers)
    if server.tls.certificate is not None:
        trusted.load_cert_chain(server.tls.certificate, server.tls.key)
    return trusted
