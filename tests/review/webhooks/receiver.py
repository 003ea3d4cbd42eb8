"""A real HTTP server that takes webhooks, answers as it is told, and checks signatures in its own way."""

import base64
import contextlib
import hashlib
import hmac
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WAIT_SECONDS = 20
TRICKLE_SECONDS = 0.05


@dataclass(frozen=True)
class Reply:
    """Is what a receiver answers.

    `hang`: nothing until the test is over; `trickle`: a byte every so often; `endless`: a body that goes on and on.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    trickle: bool = False
    endless: bool = False


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes

    def is_signed_with(self, secret: str) -> bool:
        key = base64.b64decode(secret.split("_")[1])
        text = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        return expected in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """Is the server; `replies` maps paths to what is answered, by the number of the request, from 0."""

    scheme: str = "http"
    port: int = 0
    replies: dict[str, Callable[[int], Reply]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    arrival: threading.Condition = field(default_factory=threading.Condition)

    def url(self, path: str = "/") -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Received]:
        return [each for each in self.received if each.path == path]

    def wait_for(self, count: int) -> None:
        with self.arrival:
            assert self.arrival.wait_for(lambda: len(self.received) >= count, WAIT_SECONDS)

    def take(self, received: Received) -> Reply:
        with self.arrival:
            number = len(self.at(received.path))
            self.received.append(received)
            self.arrival.notify_all()
        script = self.replies.get(received.path)
        return script(number) if script else Reply()


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Is a receiver on a free port of this machine."""
    receiver = Receiver("https" if tls else "http")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiver
    receiver.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            reply = receiver.take(Received(self.path, dict(self.headers), body))
            if reply.hang:
                assert receiver.over.wait(WAIT_SECONDS)
                return
            if reply.trickle:
                self._trickle()
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if not reply.endless:
                self.send_header("content-length", "0")
            self.end_headers()
            if reply.endless:
                self._write_until_nobody_reads()

        def _trickle(self) -> None:
            for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n":
                receiver.over.wait(TRICKLE_SECONDS)
                with contextlib.suppress(OSError):
                    self.wfile.write(bytes([byte]))

        def _write_until_nobody_reads(self) -> None:
            while not receiver.over.is_set():
                try:
                    self.wfile.write(b"x" * 65536)
                except OSError:
                    break
            self.close_connection = True

        def log_message(self, *_arguments: object) -> None:
            """Keeps quiet."""

    return Handler
