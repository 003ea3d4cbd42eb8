"""Says how a server listens, how much it takes and how its connections are kept."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import grpc

from shared.config import setting
from shared.identity.options import IdentityOptions

MAX_MESSAGE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Configures one gRPC server; a part of its process's configuration."""

    address: str = field(
        default="127.0.0.1:0",
        metadata=setting("Is where to listen: host:port (port 0: a free one) or unix:/path."),
    )
    max_message_bytes: int = field(
        default=MAX_MESSAGE_BYTES,
        metadata=setting("Is the largest message, either way.", unit="bytes", minimum=1024, maximum=2**31 - 1),
    )
    fast_thread_count: int = field(
        default=8, metadata=setting("Is how many threads answer from memory.", minimum=1, maximum=256)
    )
    fast_limit: int = field(
        default=1024, metadata=setting("Is how many such calls may be under way; more are shed.", minimum=1)
    )
    waiting_thread_count: int = field(
        default=32, metadata=setting("Is how many threads may wait for the store.", minimum=1, maximum=1024)
    )
    waiting_limit: int = field(
        default=256, metadata=setting("Is how many such calls may be under way; more are shed.", minimum=1)
    )
    stream_limit: int = field(
        default=128, metadata=setting("Is how many streams may be open; each holds a thread.", minimum=1, maximum=4096)
    )
    keepalive_interval: timedelta = field(
        default=timedelta(seconds=60),
        metadata=setting("Is how long a connection is silent before it is probed.", minimum=1),
    )
    keepalive_timeout: timedelta = field(
        default=timedelta(seconds=20),
        metadata=setting("Is how long a probe stays unanswered before its connection is closed.", minimum=1),
    )
    tls_certificate: Path | None = field(
        default=None, metadata=setting("Is the server's certificate chain (PEM). Not given: no TLS.")
    )
    tls_key: Path | None = field(default=None, metadata=setting("Is the certificate's private key (PEM)."))
    tls_client_ca: Path | None = field(
        default=None,
        metadata=setting("Is who must have signed the clients' certificates (PEM). Not given: clients show none."),
    )
    reflection: bool = field(
        default=True, metadata=setting("Says whether anybody may ask which services and messages there are.")
    )
    identity: IdentityOptions = field(default=IdentityOptions())

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key must be given together")
        if self.tls_client_ca is not None and self.tls_certificate is None:
            raise ValueError("tls_client_ca needs tls_certificate and tls_key")
        if not (self.is_unix or self._has_port):
            raise ValueError(f"address == {self.address!r}, must be host:port or unix:/path")

    @property
    def is_unix(self) -> bool:
        """Returns whether the address is a unix socket."""
        return self.address.startswith("unix:")

    @property
    def shows_certificates(self) -> bool:
        """Returns whether every client shows a certificate that was verified."""
        return self.tls_client_ca is not None

    @property
    def _has_port(self) -> bool:
        host, _, port = self.address.rpartition(":")
        return bool(host) and port.isdecimal()

    def credentials(self) -> grpc.ServerCredentials | None:
        """Returns the TLS credentials; None without TLS.

        Raises:
            OSError: A file cannot be read.
        """
        if self.tls_certificate is None or self.tls_key is None:
            return None
        pair = (self.tls_key.read_bytes(), self.tls_certificate.read_bytes())
        authorities = None if self.tls_client_ca is None else self.tls_client_ca.read_bytes()
        return grpc.ssl_server_credentials([pair], authorities, authorities is not None)

    def channel_arguments(self) -> tuple[tuple[str, int], ...]:
        """Returns the options in the words of gRPC."""
        return (
            # Two servers on one port would share its calls without a word.
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", self.max_message_bytes),
            ("grpc.max_send_message_length", self.max_message_bytes),
            ("grpc.keepalive_time_ms", _milliseconds(self.keepalive_interval)),
            ("grpc.keepalive_timeout_ms", _milliseconds(self.keepalive_timeout)),
            ("grpc.keepalive_permit_without_calls", 1),
            # Clients may probe as often as every 10 s; the default of 5 min closes the connections of eager ones.
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        )


def _milliseconds(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)
