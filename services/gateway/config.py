"""What can be configured in the gateway: variables with the prefix `GATEWAY_`."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from shared.config import Secret, setting
from shared.rpc.client import ClientTls
from shared.rpc.options import MAX_MESSAGE_BYTES

PREFIX: Final = "GATEWAY_"


@dataclass(frozen=True, slots=True)
class UpstreamOptions:
    """Says where the services are and how they are called."""

    review_address: str = field(
        default="127.0.0.1:50052", metadata=setting("Is where review answers: host:port or unix:/path.")
    )
    bandit_address: str = field(
        default="127.0.0.1:50051", metadata=setting("Is where the bandit answers: host:port or unix:/path.")
    )
    ai_address: str = field(
        default="127.0.0.1:50053", metadata=setting("Is where the AI service answers: host:port or unix:/path.")
    )
    timeout: timedelta = field(
        default=timedelta(seconds=10),
        metadata=setting("Is how long a call of a service may take.", minimum=0.01, maximum=300),
    )
    tls: bool = field(default=False, metadata=setting("Says whether the services are called over TLS."))
    tls_ca: Path | None = field(
        default=None,
        metadata=setting("Is who must have signed their certificates (PEM). Not given: who the machine trusts."),
    )
    tls_certificate: Path | None = field(
        default=None, metadata=setting("Is the certificate chain to show them (PEM). Not given: none.")
    )
    tls_key: Path | None = field(default=None, metadata=setting("Is that certificate's private key (PEM)."))

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("upstream tls_certificate and tls_key must be given together")

    def client_tls(self) -> ClientTls | None:
        """Returns whom to trust and what to show; None without TLS."""
        return ClientTls(self.tls_ca, self.tls_certificate, self.tls_key) if self.tls else None


@dataclass(frozen=True, slots=True)
class Config:
    """Configures the gateway: how it listens, what it takes, and where the services are."""

    address: str = field(
        default="127.0.0.1:8080", metadata=setting("Is where to listen: host:port (port 0: a free one).")
    )
    metrics_address: str = field(
        default="127.0.0.1:0",
        metadata=setting("Is where Prometheus finds the metrics: host:port (port 0: a free one)."),
    )
    tls_certificate: Path | None = field(
        default=None, metadata=setting("Is the server's certificate chain (PEM). Not given: no TLS.")
    )
    tls_key: Path | None = field(default=None, metadata=setting("Is the certificate's private key (PEM)."))
    behind_tls: bool = field(
        default=False,
        metadata=setting(
            "Says whether a proxy before it ends TLS: then cookies are sent over TLS alone, and browsers are told so."
        ),
    )
    cors_origins: tuple[str, ...] = field(
        default=(),
        metadata=setting("Are the origins of pages that may call, such as `https://shop.example`. Not given: none."),
    )
    max_body_bytes: int = field(
        default=MAX_MESSAGE_BYTES,
        metadata=setting("Is the largest request body.", unit="bytes", minimum=1024, maximum=MAX_MESSAGE_BYTES),
    )
    head_timeout: timedelta = field(
        default=timedelta(seconds=10), metadata=setting("Is how long a request's head may take to come.", minimum=0.05)
    )
    body_timeout: timedelta = field(
        default=timedelta(seconds=30), metadata=setting("Is how long a request's body may take to come.", minimum=0.05)
    )
    rate_limit: float = field(
        default=200.0, metadata=setting("Is how many requests a second each caller may make for long.", minimum=0.01)
    )
    rate_burst: int = field(
        default=400, metadata=setting("Is how many requests a caller may make at once.", minimum=1, maximum=1_000_000)
    )
    stream_limit: int = field(
        default=512, metadata=setting("Is how many event streams may be open; more are refused.", minimum=1)
    )
    ping_interval: timedelta = field(
        default=timedelta(seconds=15),
        metadata=setting("Is how long an event stream is silent before a comment is sent.", minimum=0.01, maximum=60),
    )
    stall_timeout: timedelta = field(
        default=timedelta(seconds=60),
        metadata=setting("Is how long a client may take nothing of an answer before it is given up.", minimum=1),
    )
    session_secret: Secret = field(
        default=Secret(""),
        metadata=setting(
            "Seals the dashboard's sessions, 32 characters or more. Not given: they end with the process."
        ),
    )
    drain_grace: timedelta = field(
        default=timedelta(seconds=10),
        metadata=setting("Is how long requests under way may take when the server stops.", minimum=0),
    )
    upstream: UpstreamOptions = field(default=UpstreamOptions())

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key must be given together")
        for name in ("address", "metrics_address"):
            host, _, port = getattr(self, name).rpartition(":")
            if not (host and port.isdecimal()):
                raise ValueError(f"{name} == {getattr(self, name)!r}, must be host:port")
        if 0 < len(self.session_secret.value) < 32:
            raise ValueError("session_secret must have 32 characters or more")
