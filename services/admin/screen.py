"""Where the command writes: tables and texts, plain where nobody watches."""

import shlex
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

_PIPED_WIDTH: Final = 120


def screen() -> Console:
    """Returns standard output; without a terminal there are no colours, and lines are 120 characters wide."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)


def complain(message: str) -> None:
    """Writes an error message to standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text.assemble(("expctl: ", "bold red"), message))


def command_line(*arguments: str) -> str:
    """Returns the line to type for a command of ours, as this one was called."""
    if Path(sys.argv[0]).name == "expctl":
        return shlex.join(["expctl", *arguments])
    python = Path(sys.executable)
    here = Path.cwd()
    shown = python.relative_to(here) if python.is_relative_to(here) else python
    return shlex.join([str(shown), "-m", "services.admin", *arguments])
