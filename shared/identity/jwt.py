"""Tokens of an OpenID Connect issuer (RFC 7519), verified by the issuer's published keys (RFC 7517)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt
from jwt.exceptions import ExpiredSignatureError, PyJWTError

from shared.identity.refusals import Problem, unauthenticated

ALGORITHMS: Final = ("RS256", "ES256")
"""Those whose keys can be published; nothing else is ever taken, whatever a token says of itself."""

_LATEST: Final = 4_102_444_800  # 2100-01-01

_REQUIRED: Final = ("exp", "iss", "aud", "sub")


@dataclass(frozen=True, slots=True)
class Vouched:
    """Is whom an issuer vouches for, and until when."""

    external_id: str
    expires_at: datetime


class JwtVerifier:
    """Verifies tokens of one issuer. Safe for threads; its keys are replaced whole."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        algorithms: Sequence[str] = ALGORITHMS,
        leeway: timedelta = timedelta(seconds=30),
        on_unknown_key: Callable[[], None] = lambda: None,
    ) -> None:
        """Makes a verifier, which knows no keys yet.

        Args:
            issuer: What `iss` must be.
            audience: What `aud` must be or hold.
            algorithms: Those that are taken, of ALGORITHMS.
            leeway: How far the issuer's clock may be off.
            on_unknown_key: Is called when a token names a key that is not known: there may be newer ones. It must not
                wait.

        Raises:
            ValueError: An algorithm is none of ALGORITHMS.
        """
        if not algorithms or not set(algorithms) <= set(ALGORITHMS):
            raise ValueError(f"algorithms == {algorithms!r}, must be of {', '.join(ALGORITHMS)}")
        self._issuer = issuer
        self._audience = audience
        self._algorithms = list(algorithms)
        self._leeway = leeway
        self._on_unknown_key = on_unknown_key
        self._keys: Mapping[str, jwt.PyJWK] = {}

    def replace_keys(self, key_set: Mapping[str, Any]) -> None:
        """Takes the keys of a JSON Web Key Set in place of those from before.

        Raises:
            ValueError: It is no such set, or has no key that can be used.
        """
        try:
            keys = jwt.PyJWKSet.from_dict(dict(key_set)).keys
        except (PyJWTError, AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"no set of keys: {error}") from error
        usable = {key.key_id: key for key in keys if key.key_id and key.algorithm_name in self._algorithms}
        if not usable:
            raise ValueError(f"no key with an id for {' or '.join(self._algorithms)}")
        self._keys = usable

    def verify(self, token: str) -> Vouched:
        """Returns whom the token vouches for.

        Raises:
            Unauthenticated: UNAUTHENTICATED: malformed, expired, or not of this issuer, for this audience, by its keys.
        """
        try:
            key_id = jwt.get_unverified_header(token).get("kid", "")
        except PyJWTError as error:
            raise unauthenticated(Problem.MALFORMED) from error
        key = self._keys.get(key_id)
        if key is None:
            self._on_unknown_key()
            raise unauthenticated(Problem.UNKNOWN)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=self._algorithms,
                audience=self._audience,
                issuer=self._issuer,
                leeway=self._leeway,
                options={"require": list(_REQUIRED)},
            )
        except ExpiredSignatureError as error:
            raise unauthenticated(Problem.EXPIRED) from error
        except PyJWTError as error:
            raise unauthenticated(Problem.UNKNOWN) from error
        return Vouched(f"oidc:{self._issuer}#{claims['sub']}", _instant(claims["exp"]) + self._leeway)


def _instant(seconds: Any) -> datetime:  # a claim, which PyJWT has found to be a number
    """Returns the instant; what is beyond the years of a calendar is long enough to be the next century."""
    return datetime.fromtimestamp(min(int(seconds), _LATEST), UTC)
