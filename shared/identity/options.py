"""Says by whom callers are vouched for beside the store's own tokens; a part of a server's configuration."""

from dataclasses import dataclass, field
from datetime import timedelta

from shared.config import setting
from shared.identity import jwt


@dataclass(frozen=True, slots=True)
class IdentityOptions:
    """Configures how callers are known."""

    poll_interval: timedelta = field(
        default=timedelta(seconds=1),
        metadata=setting("Is how often principals and tokens are read, beside when they change.", minimum=0.05),
    )
    jwt_issuer: str = field(
        default="", metadata=setting("Is the OpenID Connect issuer whose tokens are taken. Empty: none are.")
    )
    jwt_audience: str = field(default="", metadata=setting("Is what such a token must be meant for (`aud`)."))
    jwt_keys: str = field(
        default="", metadata=setting("Is where the issuer's keys (JWKS) are: a file or an https URL.")
    )
    jwt_algorithms: tuple[str, ...] = field(
        default=jwt.ALGORITHMS, metadata=setting("Are the signatures that are taken, of RS256 and ES256.")
    )
    jwt_leeway: timedelta = field(
        default=timedelta(seconds=30),
        metadata=setting("Is how far the issuer's clock may be off.", minimum=0, maximum=600),
    )
    jwt_keys_interval: timedelta = field(
        default=timedelta(minutes=5), metadata=setting("Is how often the issuer's keys are read.", minimum=1)
    )

    def __post_init__(self) -> None:
        if self.jwt_issuer and not (self.jwt_audience and self.jwt_keys):
            raise ValueError("identity_jwt_issuer needs identity_jwt_audience and identity_jwt_keys")
        unknown = set(self.jwt_algorithms) - set(jwt.ALGORITHMS)
        if unknown or not self.jwt_algorithms:
            raise ValueError(
                f"identity_jwt_algorithms == {self.jwt_algorithms}, must be of {', '.join(jwt.ALGORITHMS)}"
            )
