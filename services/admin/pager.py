"""Shows text that is longer than the terminal in the user's pager."""

import os
import shlex
import subprocess
from collections.abc import Sequence
from typing import Final

from shared.errors import invalid_field

NONE: Final = frozenset({"", "cat"})
# As git does: colours pass, short text is not held, the text stays on the screen.
_LESS: Final = "FRX"


def pager_command(wanted: str | None, fallback: str) -> Sequence[str]:
    """Returns the pager's command line; empty: none is wanted.

    Args:
        wanted: EXPCTL_PAGER. None: not set.
        fallback: PAGER.

    Raises:
        InvalidArgument: INVALID_FIELD, the command line cannot be split.
    """
    command = fallback if wanted is None else wanted
    try:
        return () if command.strip() in NONE else tuple(shlex.split(command))
    except ValueError as error:
        raise invalid_field("EXPCTL_PAGER or PAGER", f"{command!r} is no command line: {error}") from error


def show(text: str, command: Sequence[str]) -> bool:
    """Shows the text, and returns whether that was possible: the pager is there."""
    environment = {"LESS": _LESS, **os.environ}
    try:
        subprocess.run(command, input=text.encode(), check=False, env=environment)  # noqa: S603 - the user's own
    except BrokenPipeError:
        return True
    except OSError:
        return False
    return True
