"""Where an issuer's keys come from."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shared.identity.key_set import KeySetSource


class _Keys(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/keys")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"keys": []}' if self.path == "/keys" else b" " * ((1 << 20) + 1))

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Keys) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_read_when_it_is_a_file_then_returns_what_it_holds_now(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    source = KeySetSource(str(path))
    path.write_text(json.dumps({"keys": [1]}))
    first = source.read()
    path.write_text(json.dumps({"keys": [2]}))

    assert (first, source.read()) == ({"keys": [1]}, {"keys": [2]})


def test_read_when_it_is_on_this_machine_then_is_fetched(url: str) -> None:
    assert KeySetSource(f"{url}/keys").read() == {"keys": []}


def test_read_when_it_is_redirected_then_is_not_followed(url: str) -> None:
    with pytest.raises(OSError, match="302"):
        KeySetSource(f"{url}/moved").read()


def test_read_when_it_is_too_large_then_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="larger than"):
        KeySetSource(f"{url}/large").read()


@pytest.mark.parametrize("content", ["[]", "no json"])
def test_read_when_it_is_no_object_then_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)

    with pytest.raises(ValueError, match=r"no JSON object|Expecting value"):
        KeySetSource(str(path)).read()


@pytest.mark.parametrize("location", ["http://issuer.example/keys", "file:///etc/passwd", "ftp://issuer.example/keys"])
def test_source_when_the_url_is_not_safe_then_is_refused(location: str) -> None:
    with pytest.raises(ValueError, match="must be a path or an https URL"):
        KeySetSource(location)
