"""A stand-in for the Messages API on this machine: rejects what the real one rejects, and fails as it is told to."""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.ai.stand_in.behaviours import Behaviour, Captured, Ending, Sent, answers, error
from tests.ai.stand_in.request_rules import MOST_BYTES, fault_of

KEY = "sk-ant-test-0123456789"
_TRICKLE_SECONDS = 0.01


class MessagesApi:
    """Listens on a free port of the loopback; a request that is not rejected gets the next behaviour of the script.

    Attributes:
        requests: All requests that came, rejected ones too, in their order.
        usual: What it does when the script is over.
    """

    def __init__(self, key: str = KEY, usual: Behaviour | None = None) -> None:
        self.key = key
        self.usual = usual or answers()
        self.requests: list[Captured] = []
        self._script: deque[Behaviour] = deque()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self._answer, self._closing))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def script(self, *behaviours: Behaviour) -> None:
        """Has the next requests that are not rejected answered like this, one each."""
        with self._lock:
            self._script.extend(behaviours)

    def _answer(self, request: Captured) -> Sent:
        with self._lock:
            self.requests.append(request)
        if request.path != "/v1/messages":
            return error(404, "not_found_error", request.path, headers={})
        if fault := fault_of(request.headers, request.body, key=self.key):
            return error(fault.code, fault.kind, fault.message, headers={})
        with self._lock:
            behave = self._script.popleft() if self._script else self.usual
        return behave(request)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of clients that left."""


def _handler(answer: Callable[[Captured], Sent], closing: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            if length > MOST_BYTES:
                self._send(error(413, "request_too_large", "Request exceeds the maximum size", headers={}))
                self.close_connection = True
                return
            raw = self.rfile.read(length)
            self._send(answer(Captured(self.path, headers, raw, _json(raw))))

        def log_message(self, *args: object) -> None:
            """Logs nothing."""

        def _send(self, sent: Sent) -> None:
            if sent.ending is Ending.HELD:
                closing.wait()
                self.close_connection = True
                return
            self.send_response(sent.code)
            for name, value in sent.headers.items():
                self.send_header(name, value)
            more = 0 if sent.ending is Ending.WHOLE else 1_000_000
            self.send_header("content-length", str(len(sent.body) + more))
            self.end_headers()
            self.wfile.write(sent.body)
            self.wfile.flush()
            while sent.ending is Ending.TRICKLED and not closing.wait(_TRICKLE_SECONDS):
                self.wfile.write(b" ")
            if sent.ending is not Ending.WHOLE:
                # A mere close leaves the client waiting.
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

    return Handler


def _json(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except ValueError:
        return None
