"""Calls gRPC services: channels with the house's settings, and calls that raise the platform's errors."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import grpc

from shared.config import Secret
from shared.rpc import status
from shared.rpc.authorization import HEADER_KEY
from shared.rpc.calls import REQUEST_ID_KEY
from shared.rpc.options import MAX_MESSAGE_BYTES

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")

# Every mutation is idempotent by its request or event ids, so that what is UNAVAILABLE may be sent again. The server's
# pushback takes the place of the backoff. No `timeout` here: grpcio does not keep it; each call has its deadline.
SERVICE_CONFIG: Final = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.05s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ],
        "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.1},
    }
)

CHANNEL_ARGUMENTS: Final[tuple[tuple[str, Any], ...]] = (
    ("grpc.service_config", SERVICE_CONFIG),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)
# A process that calls for others does not let them wait two minutes for a service that is back.
ASYNC_CHANNEL_ARGUMENTS: Final = (*CHANNEL_ARGUMENTS, ("grpc.max_reconnect_backoff_ms", 2_000))


@dataclass(frozen=True, slots=True)
class ClientTls:
    """Says whom to trust, and what to show, over TLS; all are PEM files.

    Attributes:
        ca: Who must have signed the server's certificate. None: who the machine trusts.
        certificate: The client's own certificate chain, for mutual TLS.
        key: Its private key.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def open_channel(
    address: str,
    *,
    tls: ClientTls | None = None,
    token: Secret | None = None,
    request_id: Callable[[], str | None] | None = None,
) -> grpc.Channel:
    """Returns a channel, which connects with the first call and again whenever it must. Close it.

    Args:
        address: `host:port` or `unix:path`.
        tls: None: no TLS.
        token: Is sent as a bearer token with each call that carries none of its own. None: none is.
        request_id: Is asked with each call for the request id to send, such as `log.request_id`. None: none is sent.

    Raises:
        OSError: A TLS file cannot be read.
    """
    if tls is None:
        channel = grpc.insecure_channel(address, CHANNEL_ARGUMENTS)
    else:
        channel = grpc.secure_channel(address, _credentials(tls), CHANNEL_ARGUMENTS)
    if token is None and request_id is None:
        return channel
    return grpc.intercept_channel(channel, _Metadata(token, request_id))


def open_async_channel(address: str, *, tls: ClientTls | None = None) -> grpc.aio.Channel:
    """Returns a channel of the running event loop, which connects when it is first used; calls carry no token.

    Raises:
        OSError: A file of the TLS settings cannot be read.
    """
    if tls is None:
        return grpc.aio.insecure_channel(address, ASYNC_CHANNEL_ARGUMENTS)
    return grpc.aio.secure_channel(address, _credentials(tls), ASYNC_CHANNEL_ARGUMENTS)


def with_token(channel: grpc.Channel, token: Secret) -> grpc.Channel:
    """Returns the channel, whose calls carry the token unless they carry one of their own."""
    return grpc.intercept_channel(channel, _Metadata(token, None))


def call(
    stub_method: "grpc.UnaryUnaryMultiCallable[_Request, _Response]", request: _Request, *, timeout_seconds: float
) -> _Response:
    """Returns the response; what is UNAVAILABLE has been tried again within the timeout.

    Raises:
        errors.PlatformError: The call failed.
    """
    try:
        return stub_method(request, timeout=timeout_seconds)
    except grpc.RpcError as error:
        raise status.from_rpc_error(error) from error


def stream(
    stub_method: "grpc.UnaryStreamMultiCallable[_Request, _Response]",
    request: _Request,
    *,
    timeout_seconds: float | None = None,
) -> Iterator[_Response]:
    """Yields the responses as they come; closing the iterator cancels the call.

    Args:
        stub_method: The method of the stub.
        request: The request.
        timeout_seconds: Bounds the whole stream. None: it lasts as long as both sides want.

    Raises:
        errors.PlatformError: The call failed.
    """
    responses = stub_method(request, timeout=timeout_seconds)
    try:
        yield from responses
    except grpc.RpcError as error:
        raise status.from_rpc_error(error) from error
    finally:
        responses.cancel()


class _CallDetails(NamedTuple):
    """Is a grpc.ClientCallDetails: gRPC reads these names."""

    method: str
    timeout: float | None
    metadata: tuple[tuple[str, str | bytes], ...]
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class _Metadata(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Sends the token and the request id along."""

    def __init__(self, token: Secret | None, request_id: Callable[[], str | None] | None) -> None:
        self._fixed = () if token is None else ((HEADER_KEY, f"Bearer {token.value}"),)
        self._request_id = request_id

    # Both only pass the call on; its types are gRPC's own affair.
    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return continuation(self._with_metadata(client_call_details), request)

    def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return continuation(self._with_metadata(client_call_details), request)

    def _with_metadata(self, details: Any) -> _CallDetails:
        current = None if self._request_id is None else self._request_id()
        fresh = () if current is None else ((REQUEST_ID_KEY, current),)
        own = any(key == HEADER_KEY for key, _ in details.metadata or ())
        return _CallDetails(
            details.method,
            details.timeout,
            (*(details.metadata or ()), *(() if own else self._fixed), *fresh),
            details.credentials,
            details.wait_for_ready,
            details.compression,
        )


def _credentials(tls: ClientTls) -> grpc.ChannelCredentials:
    ca, key, certificate = (None if path is None else path.read_bytes() for path in (tls.ca, tls.key, tls.certificate))
    return grpc.ssl_channel_credentials(ca, key, certificate)
