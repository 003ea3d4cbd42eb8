"""Says for whom a request is made: its bearer token, and nothing else."""

from typing import Final

from starlette.datastructures import Headers

from services.gateway.upstream.origin import Origin
from shared.config import Secret
from shared.identity.refusals import Problem, unauthenticated
from shared.rpc.authorization import HEADER_KEY

_SCHEME: Final = "bearer"
# gRPC refuses metadata above 16 KiB, without saying so to the caller.
_MOST_CHARACTERS: Final = 8192


def origin_of(headers: Headers, request_id: str) -> Origin:
    """Returns for whom the services are called. A request without a token is nobody's, never the gateway's own.

    Raises:
        Unauthenticated: UNAUTHENTICATED, there is no token, or more than one.
    """
    given = headers.getlist(HEADER_KEY)
    if not given:
        raise unauthenticated(Problem.MISSING)
    scheme, _, token = given[0].partition(" ")
    token = token.strip()
    if len(given) > 1 or scheme.lower() != _SCHEME or not is_sound(token):
        raise unauthenticated(Problem.MALFORMED)
    return Origin(Secret(token), request_id)


def is_sound(token: str) -> bool:
    """Says whether the text can be sent as a token, whether anybody knows it or not."""
    return token.isascii() and token.isprintable() and 0 < len(token) <= _MOST_CHARACTERS
