"""Who runs a stack in a directory: a file there, locked as long as the stack runs, that says where it answers."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from shared import errors

FILE_NAME: Final = "stack.json"

Publish = Callable[[Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class Running:
    """Is a stack that runs; `addresses` is empty until it is ready."""

    pid: int
    addresses: Mapping[str, str]


@contextmanager
def claimed(directory: Path) -> Iterator[Publish]:
    """Keeps others from running a stack in the directory; gives the function that says where ours answers.

    Raises:
        FailedPrecondition: INVALID_STATE, a stack runs there.
        OSError: The file cannot be made.
    """
    with (directory / FILE_NAME).open("a+b") as file:
        if not _locked(file, fcntl.LOCK_EX):
            raise _already_runs(directory, _content(file))
        try:
            _write(file, {})
            yield lambda addresses: _write(file, addresses)
        finally:
            file.truncate(0)


def running(directory: Path) -> Running | None:
    """Returns the stack that runs in the directory; None if none does."""
    path = directory / FILE_NAME
    if not path.exists():
        return None
    with path.open("rb") as file:
        return None if _locked(file, fcntl.LOCK_SH) else _content(file)


def _locked(file: BinaryIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(file: BinaryIO, addresses: Mapping[str, str]) -> None:
    file.truncate(0)
    # One write: whoever reads finds all of it, or nothing.
    file.write(json.dumps({"pid": os.getpid(), "addresses": dict(addresses)}, indent=2).encode())
    file.flush()


def _content(file: BinaryIO) -> Running | None:
    file.seek(0)
    try:
        said = json.loads(file.read())
        return Running(said["pid"], said["addresses"])
    except (ValueError, KeyError):
        return None


def _already_runs(directory: Path, found: Running | None) -> errors.FailedPrecondition:
    who = "" if found is None else f" as process {found.pid}"
    where = "".join(f"\n  {name}: {address}" for name, address in found.addresses.items()) if found else ""
    return errors.FailedPrecondition(
        errors.Reason.INVALID_STATE,
        f"a stack runs in {directory} already{who}{where}",
        metadata={} if found is None else {"pid": str(found.pid)},
    )
