"""Decides, before anything else is looked at, whether a call may be made; what is not mapped is refused."""

import logging
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol, TypeAlias

import grpc

from shared import log
from shared.identity.authentication import Authenticator
from shared.identity.permission import PERMISSION_OF
from shared.identity.principal import Caller
from shared.identity.refusals import Problem, permission_denied, unauthenticated, unmapped

HEADER_KEY: Final = "authorization"

Guard: TypeAlias = Callable[[grpc.ServicerContext], Caller]
"""Returns who makes a call, or raises Unauthenticated or PermissionDenied."""

OnDenied: TypeAlias = Callable[[Caller, str], None]

_URIS: Final = "peer_uri"
_COMMON_NAME: Final = "x509_common_name"

_logger = logging.getLogger(__name__)


class Authorizer(Protocol):
    """Decides about calls."""

    def guard(self, path: str) -> Guard:
        """Returns what is asked about each call of `/package.Service/Method`; it does not wait."""


def _to_nobody(_caller: Caller, _path: str) -> None:
    """Tells nobody."""


class CallAuthorizer:
    """Asks for credentials that are known and have the permission that the method needs. Safe for threads."""

    def __init__(
        self, authenticator: Authenticator, *, certificates: bool = False, on_denied: OnDenied = _to_nobody
    ) -> None:
        """Makes an authorizer.

        Args:
            authenticator: Knows who has which credentials.
            certificates: Whether clients show certificates that were verified, so that they can say who calls.
            on_denied: Is told when a caller who is known is refused, with the method's path. It must not wait.
        """
        self._authenticator = authenticator
        self._certificates = certificates
        self._on_denied = on_denied

    def guard(self, path: str) -> Guard:
        """Returns what is asked about each call of the method; about 1 us for credentials seen before."""
        needed, authenticate, certificates = (
            PERMISSION_OF.get(path),
            self._authenticator.authenticate,
            self._certificates,
        )

        def check(context: grpc.ServicerContext) -> Caller:
            header = _header(context)
            shown = tuple(certificate_ids(context)) if certificates and header is None else ()
            caller = authenticate(header, shown)
            if needed not in caller.permissions:
                self._tell(caller, path)
                raise unmapped(path) if needed is None else permission_denied(needed, caller.principal_id)
            return caller

        return check

    def _tell(self, caller: Caller, path: str) -> None:
        try:
            self._on_denied(caller, path)
        except Exception as error:  # the refusal stands, whoever could not be told of it
            log.failure(_logger, "a refusal could not be told", error)


def certificate_ids(context: grpc.ServicerContext) -> Iterator[str]:
    """Yields the external ids of a verified client certificate: of each URI that it names, else of its common name."""
    # The stubs have a wrong type here: they are lists of bytes.
    shown: Any = context.auth_context()
    uris = shown.get(_URIS, ())
    if uris:
        yield from (f"mtls:{_text(uri)}" for uri in uris)
        return
    for name in map(_text, shown.get(_COMMON_NAME, ())):
        # A common name is free text: it must not pass for a URI.
        if ":" not in name and "/" not in name:
            yield f"mtls:{name}"


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _header(context: grpc.ServicerContext) -> str | None:
    found: str | None = None
    for key, value in context.invocation_metadata():
        if key == HEADER_KEY:
            if found is not None or not isinstance(value, str):
                raise unauthenticated(Problem.MALFORMED)
            found = value
    return found
