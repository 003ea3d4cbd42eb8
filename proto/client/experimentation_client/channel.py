"""How the clients reach the server."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
"""Leaves room: a message of a subscription may hold the policies of many experiments."""

ChannelOptions: TypeAlias = Sequence[tuple[str, Any]]

Metadata: TypeAlias = Sequence[tuple[str, str]]

_OPTIONS: Final[ChannelOptions] = (
    # What failed is sent again by the client itself, which knows the rows.
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # By default a server that was away for long is tried again only every two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.use_local_subchannel_pool", 1),
)


def channel_arguments(options: ChannelOptions) -> ChannelOptions:
    """Returns the options of a channel: the caller's take the place of ours."""
    return list({**dict(_OPTIONS), **dict(options)}.items())
