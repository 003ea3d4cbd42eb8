"""An issuer's published keys, read from a file or over HTTPS."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

_TIMEOUT_SECONDS: Final = 5.0
_MAX_BYTES: Final = 1 << 20
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class KeySetSource:
    """Reads a JSON Web Key Set from where it was said to be."""

    def __init__(self, location: str) -> None:
        """Describes where.

        Args:
            location: The path of a file, or an `https://` URL; `http://` from this machine alone.

        Raises:
            ValueError: It is a URL of another kind.
        """
        parts = urlsplit(location)
        plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if "://" in location and not (parts.scheme == "https" or plain):
            raise ValueError(f"{location!r} must be a path or an https URL")
        self._location = location

    def read(self) -> Mapping[str, Any]:
        """Returns the set as it is now.

        Raises:
            OSError: It cannot be read.
            ValueError: It is no JSON object, or is larger than 1 MiB.
        """
        content = self._fetch() if "://" in self._location else Path(self._location).read_bytes()
        if len(content) > _MAX_BYTES:
            raise ValueError(f"{self._location} is larger than {_MAX_BYTES} bytes")
        found = json.loads(content)
        if not isinstance(found, dict):
            raise ValueError(f"{self._location} holds no JSON object")  # noqa: TRY004 - a content is wrong, no argument
        return found

    def _fetch(self) -> bytes:
        # The scheme was looked at when the source was made; a redirection elsewhere is not followed.
        opener = urllib.request.build_opener(_NoRedirection)
        with opener.open(self._location, timeout=_TIMEOUT_SECONDS) as response:
            content: bytes = response.read(_MAX_BYTES + 1)
        return content


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """Makes a redirection an error: whoever can redirect could name other keys."""

    def redirect_request(self, *_arguments: Any, **_options: Any) -> None:
        """Follows nothing."""
