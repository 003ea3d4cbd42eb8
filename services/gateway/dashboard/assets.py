"""The files that pages load: kept in memory, named by what is in them, so that browsers keep them for good."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.dashboard.policy import FILE_HEADERS

DIRECTORY: Final = Path(__file__).parent / "static"
PREFIX: Final = "/static"
# Not the machine's own list: a browser refuses a script of another type.
_MEDIA_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    packed: bytes
    media_type: str
    digest: str


class Assets:
    """Holds the files of a directory."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self._files: Mapping[str, _Asset] = {
            path.name: _read(path) for path in sorted(directory.iterdir()) if path.is_file()
        }

    def url(self, name: str) -> str:
        """Returns where a file is."""
        return f"{PREFIX}/{name}?v={self._files[name].digest}"

    def text(self, name: str) -> str:
        """Returns what is in a file."""
        return self._files[name].content.decode()

    def answer(self, request: Request, name: str) -> Response:
        """Returns a file, compressed where the browser takes that; 404 where there is none of this name."""
        asset = self._files.get(name)
        if asset is None:
            return Response("there is no such file", 404, {**FILE_HEADERS, "Cache-Control": "no-store"}, "text/plain")
        headers = {**FILE_HEADERS, "Vary": "Accept-Encoding"}
        if request.query_params.get("v") != asset.digest:
            # Another release's page asks, whose replica has other content under this address.
            headers["Cache-Control"] = "no-store"
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(asset.content, 200, headers, asset.media_type)
        return Response(asset.packed, 200, {**headers, "Content-Encoding": "gzip"}, asset.media_type)


def _read(path: Path) -> _Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:12]
    return _Asset(content, gzip.compress(content, mtime=0), _MEDIA_TYPES[path.suffix], digest)
