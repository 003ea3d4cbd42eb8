"""What every call carries, the token among it."""

import logging
from pathlib import Path
from typing import Final, TypeAlias

from experimentation_client.channel import Metadata

Carried: TypeAlias = tuple[tuple[str, str | bytes], ...]

_KEY: Final = "authorization"

_logger = logging.getLogger("experimentation_client")


class Authorization:
    """Says what a call carries; a token's file is read again for each, so that a new token needs no restart."""

    def __init__(self, metadata: Metadata, *, token: str | None, token_file: str | Path | None) -> None:
        """Describes it.

        Args:
            metadata: Goes with every call.
            token: Is sent as a bearer token. None: none is.
            token_file: Holds the token. None: `token` is it.

        Raises:
            ValueError: The token is given twice.
            OSError: The file cannot be read.
        """
        given = [token is not None, token_file is not None, any(key.lower() == _KEY for key, _ in metadata)]
        if sum(given) > 1:
            raise ValueError("give one of token, token_file, and authorization in the metadata")
        self._metadata: Carried = tuple(metadata)
        self._path = None if token_file is None else Path(token_file)
        self._token = token if self._path is None else _read(self._path)

    def metadata(self) -> Carried:
        """Returns what the next call carries; where the file cannot be read, the token from before."""
        if self._path is not None:
            try:
                self._token = _read(self._path)
            except OSError as error:
                _logger.warning("the token file cannot be read, the last token is sent: %s", error)
        if self._token is None:
            return self._metadata
        return (*self._metadata, (_KEY, f"Bearer {self._token}"))


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()
