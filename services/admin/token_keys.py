"""The key that signs decision tokens in a local stack: made once, then kept, for its owner's eyes alone."""

import os
import secrets
from pathlib import Path
from typing import Final

_FILE_NAME: Final = "token_keys"
_KEY_BYTES: Final = 32


def token_keys_file(directory: Path) -> Path:
    """Returns the file with the key below the directory; makes it where there is none.

    Raises:
        OSError: It cannot be made.
    """
    path = directory / _FILE_NAME
    if not path.exists():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = directory / f".{_FILE_NAME}"
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"1:{secrets.token_hex(_KEY_BYTES)}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    return path
