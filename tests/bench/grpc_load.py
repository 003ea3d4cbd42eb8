"""Loads a gRPC server with large prepared calls from several clients of grpcio at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import perf_counter

import grpc

_OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]
_TIMEOUT_SECONDS = 30


def run(
    address: str,
    path: str,
    payloads: Sequence[bytes],
    *,
    clients: int,
    metadata: tuple[tuple[str, str], ...],
    check: Callable[[bytes], None],
) -> float:
    """Returns in how many seconds all payloads were sent and answered; the answers are checked after that.

    Args:
        address: `host:port`.
        path: `/package.Service/Method`.
        payloads: The requests, serialised.
        clients: How many there are, each with a connection of its own and one call under way.
        metadata: What every call carries.
        check: Raises for a serialised answer that is not as it should be.
    """
    with ExitStack() as stack:
        channels = [stack.enter_context(grpc.insecure_channel(address, _OWN_CONNECTION)) for _ in range(clients)]
        for channel in channels:
            grpc.channel_ready_future(channel).result(_TIMEOUT_SECONDS)
        shares = [payloads[number::clients] for number in range(clients)]
        with ThreadPoolExecutor(clients) as pool:
            started = perf_counter()
            answers = list(pool.map(lambda channel, share: _send(channel, path, share, metadata), channels, shares))
            seconds = perf_counter() - started
    for answer in (one for share in answers for one in share):
        check(answer)
    return seconds


def _send(
    channel: grpc.Channel, path: str, payloads: Sequence[bytes], metadata: tuple[tuple[str, str], ...]
) -> list[bytes]:
    # Bytes in, bytes out: nothing is parsed while the clock runs.
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
    return [call(payload, timeout=_TIMEOUT_SECONDS, metadata=metadata) for payload in payloads]
