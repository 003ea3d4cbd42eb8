"""The secret that seals the dashboard's sessions in a local stack: made once, then kept, for its owner's eyes alone."""

import secrets
from pathlib import Path
from typing import Final

from services.admin.secret_file import write_secret

_FILE_NAME: Final = "session_secret"
_SECRET_BYTES: Final = 32


def session_secret_file(directory: Path) -> Path:
    """Returns the file with the secret below the directory; makes it where there is none.

    Raises:
        OSError: It cannot be made.
    """
    path = directory / _FILE_NAME
    if not path.exists():
        write_secret(path, secrets.token_hex(_SECRET_BYTES) + "\n")
    return path
