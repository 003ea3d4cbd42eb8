"""The account that the embedded Postgres runs as: Postgres refuses to run as root."""

import contextlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_CANDIDATES: Final = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """Is who a child process runs as.

    Attributes:
        name: Its name; None: whoever we are.
        user_id: Its number.
        group_id: The number of its group.
    """

    name: str | None
    user_id: int
    group_id: int

    def options(self) -> dict[str, Any]:
        """Returns the arguments of `subprocess` (any: they differ in type) that make a child run as it."""
        if self.name is None:
            return {}
        return {"user": self.user_id, "group": self.group_id, "extra_groups": []}

    def may_enter(self, directory: Path) -> bool:
        """Returns whether it may use what is in a directory; asks the kernel, which knows all the rules."""
        if self.name is None:
            return True
        command = ["/bin/sh", "-c", 'test -x "$0"', str(directory)]
        return subprocess.run(command, cwd="/", check=False, **self.options()).returncode == 0  # noqa: S603 - constant

    def take(self, directory: Path) -> None:
        """Makes it the owner of a directory, and shuts everybody else out."""
        if self.name is not None:
            os.chown(directory, self.user_id, self.group_id)
        directory.chmod(0o700)


def account_for(home: Path) -> Account:
    """Returns who runs the server of a directory: whoever we are or, if that is root, its owner, or a standard account.

    Raises:
        OSError: We are root, and there is no other account.
    """
    if os.geteuid() != 0:
        return Account(None, os.geteuid(), os.getegid())
    entry = pwd.getpwuid(home.stat().st_uid) if home.exists() else _standard()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _standard() -> pwd.struct_passwd:
    for name in _CANDIDATES:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise OSError(f"Postgres does not run as root, and there is no account named {' or '.join(_CANDIDATES)}")
