"""The account that the embedded Postgres runs as: Postgres refuses to run as root."""

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
        return subprocess.run(["test", "-x", directory], cwd="/", check=False, **self.options()).returncode == 0

    def take(self, directory: Path) -> None:
        """Makes it the owner of a directory, and shuts everybody else out."""
        if self.name is not None:
            os.chown(directory, self.user_id, self.group_id)
        directory.chmod(0o700)


def unprivileged() -> Account:
    """Returns who may run Postgres: whoever we are or, if that is root, an account that every system has.

    Raises:
        OSError: We are root, and there is no other account.
    """
    if os.geteuid() != 0:
        return Account(None, os.geteuid(), os.getegid())
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise OSError(f"Postgres does not run as root, and there is no account named {' or '.join(_CANDIDATES)}")
