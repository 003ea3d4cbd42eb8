"""Loads a gRPC server with small unary calls over bare HTTP/2 (RFC 9113), a different payload for each call.

The usual clients cost more than the server that is to be measured, and h2load sends one payload over and over. This
one sends prepared frames and reads no more of the answers than it needs to know that they are whole.
"""

import gc
import selectors
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from time import perf_counter, perf_counter_ns

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_INITIAL_WINDOW_SIZE_SETTING = 4
_WINDOW = (1 << 31) - 1
_DEFAULT_WINDOW = 65_535
_FRAME_HEADER = 9
_MESSAGE_HEADER = 5
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """Is what a run came to.

    Attributes:
        calls_per_second: Over the whole run.
        latencies_us: Of each call, ascending.
        last_response: The last answer, without its frame.
    """

    calls_per_second: float
    latencies_us: tuple[float, ...]
    last_response: bytes

    def quantile_us(self, share: float) -> float:
        """Returns the latency that a share of the calls does not exceed."""
        return self.latencies_us[min(int(share * len(self.latencies_us)), len(self.latencies_us) - 1)]


def run(
    address: str,
    path: str,
    payloads: Sequence[bytes],
    *,
    connections: int,
    streams: int,
    response_bytes: int,
    metadata: tuple[str, str],
) -> Load:
    """Returns once every payload was sent and answered.

    Args:
        address: `host:port`.
        path: `/package.Service/Method`.
        payloads: The requests, serialised, a few hundred bytes at most: the server's windows are not watched.
        connections: How many.
        streams: Calls under way on each.
        response_bytes: The size of every answer.
        metadata: A name and a value of at most 126 characters, which every call carries.

    Raises:
        RuntimeError: A call failed, or its answer had another size.
    """
    headers = _headers(path, address, metadata)
    host, _, port = address.rpartition(":")
    latencies: list[int] = []
    queue = iter(payloads)
    with selectors.DefaultSelector() as selector:
        peers = [
            _Connection(socket.create_connection((host, int(port))), headers, response_bytes, latencies)
            for _ in range(connections)
        ]
        for peer in peers:
            selector.register(peer.socket, selectors.EVENT_READ, peer)
        gc.disable()
        started = perf_counter()
        for peer in peers:
            peer.begin(queue, streams)
        while len(latencies) < len(payloads):
            for key, _ in selector.select(timeout=30) or _silence():
                key.data.advance(queue)
        seconds = perf_counter() - started
        gc.enable()
        for peer in peers:
            peer.socket.close()
    ordered = tuple(nanoseconds / 1000 for nanoseconds in sorted(latencies))
    return Load(len(payloads) / seconds, ordered, next(peer.last for peer in peers if peer.last))


class _Connection:
    """Is one connection with some calls under way."""

    def __init__(self, peer: socket.socket, headers: bytes, response_bytes: int, latencies: list[int]) -> None:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = peer
        self.last = b""
        self._headers = headers
        self._size = _MESSAGE_HEADER + response_bytes
        self._latencies = latencies
        self._sent_at: dict[int, int] = {}
        self._bodies: dict[int, bytes] = {}
        self._next_stream = 1
        self._buffer = b""
        wide = struct.pack(">HI", _INITIAL_WINDOW_SIZE_SETTING, _WINDOW)
        more = struct.pack(">I", _WINDOW - _DEFAULT_WINDOW)
        peer.sendall(_PREFACE + _frame(_SETTINGS, 0, 0, wide) + _frame(_WINDOW_UPDATE, 0, 0, more))

    def begin(self, queue: Iterator[bytes], streams: int) -> None:
        """Sends the first calls."""
        self.socket.sendall(b"".join(map(self._call, islice(queue, streams))))

    def advance(self, queue: Iterator[bytes]) -> None:
        """Reads what came, and sends a call for each that ended."""
        received = self.socket.recv(1 << 18)
        if not received:
            raise RuntimeError("the server closed the connection")
        self._buffer += received
        replies = []
        for kind, flags, stream, body in self._frames():
            if kind == _DATA:
                self._bodies[stream] = self._bodies.get(stream, b"") + body
            if kind in (_DATA, _HEADERS):
                if flags & _END_STREAM:
                    self._finish(stream)
                    if (payload := next(queue, None)) is not None:
                        replies.append(self._call(payload))
            elif kind in (_SETTINGS, _PING):
                if not flags & _ACK:
                    replies.append(_frame(kind, _ACK, 0, body if kind == _PING else b""))
            elif kind in (_RST_STREAM, _GOAWAY):
                raise RuntimeError("the server gave up")
        if replies:
            self.socket.sendall(b"".join(replies))

    def _call(self, payload: bytes) -> bytes:
        stream = self._next_stream
        self._next_stream += 2
        self._sent_at[stream] = perf_counter_ns()
        message = struct.pack(">BI", 0, len(payload)) + payload
        return _frame(_HEADERS, _END_HEADERS, stream, self._headers) + _frame(_DATA, _END_STREAM, stream, message)

    def _finish(self, stream: int) -> None:
        self._latencies.append(perf_counter_ns() - self._sent_at.pop(stream))
        # A call that failed has no body: to look at its size is to look at its status.
        body = self._bodies.pop(stream, b"")
        if len(body) != self._size:
            raise RuntimeError(f"an answer of {len(body)} bytes, not {self._size}")
        self.last = body[_MESSAGE_HEADER:]

    def _frames(self) -> Iterator[tuple[int, int, int, bytes]]:
        buffer, place = self._buffer, 0
        while len(buffer) - place >= _FRAME_HEADER:
            end = place + _FRAME_HEADER + int.from_bytes(buffer[place : place + 3], "big")
            if end > len(buffer):
                break
            stream = int.from_bytes(buffer[place + 5 : place + 9], "big")
            yield buffer[place + 3], buffer[place + 4], stream, buffer[place + _FRAME_HEADER : end]
            place = end
        self._buffer = buffer[place:]


def _frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + body


def _headers(path: str, authority: str, metadata: tuple[str, str]) -> bytes:
    """Returns the header block of a call (RFC 7541), without the dynamic table, so that it is the same every time."""
    method_post, scheme_http, name_path, name_authority, new_name = b"\x83", b"\x86", b"\x04", b"\x01", b"\x00"
    return b"".join(
        [
            *(method_post, scheme_http, name_path, _string(path), name_authority, _string(authority)),
            *(new_name, _string("te"), _string("trailers")),
            *(new_name, _string("content-type"), _string("application/grpc")),
            *(new_name, _string(metadata[0]), _string(metadata[1])),
        ]
    )


def _string(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def _silence() -> list[tuple[selectors.SelectorKey, int]]:
    raise RuntimeError("no answer for 30 s")
