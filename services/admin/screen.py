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
    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)


def messages() -> Console:
    """Returns standard error, for what is no answer: messages, questions, advice."""
    return Console(stderr=True, highlight=False, emoji=False, width=None if sys.stderr.isatty() else _PIPED_WIDTH)


def complain(message: str) -> None:
    """Writes an error message to standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text.assemble(("expctl: ", "bold red"), message))


def command_line(*arguments: str) -> str:
    """Returns the line to type, here, for a command of ours."""
    program = Path(sys.executable).with_name("expctl")
    # It was not installed where the repository is only on the path.
    line = [_from_here(program)] if program.exists() else [_from_here(Path(sys.executable)), "-m", "services.admin"]
    return shlex.join([*line, *arguments])


def _from_here(program: Path) -> str:
    here = Path.cwd()
    return str(program.relative_to(here) if program.is_relative_to(here) else program)
