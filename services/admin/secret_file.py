"""Writes a secret whole or not at all, for its owner's eyes alone."""

import os
from pathlib import Path


def write_secret(path: Path, text: str) -> None:
    """Writes the text in the place of what was there; the file is 0600, a directory that is made for it 0700.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
