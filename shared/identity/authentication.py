"""Tells who calls from what a call carries: a bearer token, an issuer's token, or a client certificate."""

import math
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from shared import errors
from shared.clock import Clock
from shared.identity import token
from shared.identity.credential_book import CredentialBook
from shared.identity.jwt import JwtVerifier
from shared.identity.principal import Authentication, Caller
from shared.identity.refusals import Problem, unauthenticated

MOST_REMEMBERED: Final = 10_000

# A header, or the external ids of a certificate.
Credentials: TypeAlias = "str | tuple[str, ...]"

_SCHEME: Final = "bearer"
_RETRY_AFTER_SECONDS: Final = 1.0


class _Known:
    """Is a book with the credentials that were looked up in it; both are left behind together."""

    __slots__ = ("book", "callers")

    def __init__(self, book: CredentialBook | None) -> None:
        self.book = book
        self.callers: dict[Credentials, tuple[Caller, float]] = {}


class Authenticator:
    """Keeps the newest book and answers from memory: about 0.5 us for credentials seen before. Safe for threads."""

    def __init__(
        self,
        *,
        clock: Clock,
        seconds: Callable[[], float] | None = None,
        jwt: JwtVerifier | None = None,
        most_remembered: int = MOST_REMEMBERED,
    ) -> None:
        """Makes one that knows nobody yet, and says so until it is given a book.

        Args:
            clock: Tells what has expired.
            seconds: The same in seconds since 1970, quicker: `time.time`. None: the clock's.
            jwt: Verifies an issuer's tokens. None: there is no issuer.
            most_remembered: How many credentials are remembered at most.
        """
        self._clock = clock
        self._seconds = seconds or (lambda: clock().timestamp())
        self._jwt = jwt
        self._most_remembered = most_remembered
        self._known = _Known(None)

    def replace(self, book: CredentialBook) -> bool:
        """Takes the book in the place of the one before; returns whether they differ."""
        if book == self._known.book:
            return False
        self._known = _Known(book)
        return True

    def forget(self) -> None:
        """Looks everything up anew from now on: an issuer's keys have changed."""
        self._known = _Known(self._known.book)

    def authenticate(self, header: str | None, certificate_ids: Sequence[str] = ()) -> Caller:
        """Returns who calls.

        Args:
            header: The value of `authorization`. None: there is none.
            certificate_ids: The external ids of the verified client certificate, which counts where there is no header.

        Raises:
            Unauthenticated: UNAUTHENTICATED.
            Unavailable: STORE_UNAVAILABLE, the store was never reached so far: nobody is known.
        """
        known = self._known
        credentials = tuple(certificate_ids) if header is None else header
        remembered = known.callers.get(credentials)
        if remembered is not None and self._seconds() < remembered[1]:
            return remembered[0]
        if known.book is None:
            raise errors.Unavailable(
                errors.Reason.STORE_UNAVAILABLE,
                "who may call is not known here yet, as the store is away; try again",
                retry_after_seconds=_RETRY_AFTER_SECONDS,
            )
        caller = self._look_up(known.book, header, certificate_ids)
        if len(known.callers) >= self._most_remembered:
            known.callers.clear()
        known.callers[credentials] = caller, caller.expires_at.timestamp() if caller.expires_at else math.inf
        return caller

    def _look_up(self, book: CredentialBook, header: str | None, certificate_ids: Sequence[str]) -> Caller:
        if header is None:
            if not certificate_ids:
                raise unauthenticated(Problem.MISSING)
            return book.caller_of_external_ids(certificate_ids, Authentication.MTLS)
        secret = _bearer(header)
        if secret.startswith(token.PREFIX):
            return book.caller_of_secret(secret, now=self._clock())
        if self._jwt is None:
            raise unauthenticated(Problem.MALFORMED)
        vouched = self._jwt.verify(secret)
        return book.caller_of_external_ids([vouched.external_id], Authentication.OIDC, expires_at=vouched.expires_at)


def _bearer(header: str) -> str:
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != _SCHEME or not secret.strip():
        raise unauthenticated(Problem.MALFORMED)
    return secret.strip()
