"""Where the embedded Postgres keeps its data and its socket."""

import logging
import os
import tempfile
from pathlib import Path
from typing import Final

from shared import log
from shared.store.account import Account

_SOCKET_NAME: Final = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH: Final = 100  # Linux has room for 107 bytes, macOS for 103.
_logger = logging.getLogger(__name__)


def home_of(directory: Path, account: Account, *, refuge: Path) -> Path:
    """Returns the directory that holds everything of the server; makes it where it is missing, for the account alone.

    Args:
        directory: What `postgres/` is below; a link to a new place in the refuge if the account may not enter here.
        account: Who runs the server.
        refuge: Directory that everybody may enter.
    """
    home = directory / "postgres"
    if not home.exists():
        if account.may_enter(directory):
            home.mkdir()
        else:
            home.symlink_to(tempfile.mkdtemp(prefix="experimentation-", dir=refuge))
            data = str(home.resolve())
            log.event(_logger, "data kept elsewhere, the directory is out of reach", account=account.name, data=data)
        account.take(home)
    return home.resolve()


def run_directory_of(home: Path, account: Account) -> Path:
    """Returns the directory for the socket; makes it where it is missing, for the account alone."""
    run = home / "run"
    # What a link points to may have been swept away, and its name taken by somebody else.
    if not run.exists() or run.stat().st_uid != account.user_id:
        if _fits_a_socket(run):
            run.mkdir()
        else:
            run.unlink(missing_ok=True)
            run.symlink_to(tempfile.mkdtemp(prefix="experimentation-"))
        account.take(run)
    return run.resolve()


def _fits_a_socket(run: Path) -> bool:
    # A comma would make two places of it, for the server and for its clients.
    return len(os.fsencode(run / _SOCKET_NAME)) <= _LONGEST_SOCKET_PATH and "," not in str(run)
