"""The command `simulate`: runs the lab, a program of the bandit's, with the arguments as they were given."""

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from services.admin.leash import leashed

NAME: Final = "expctl simulate"


def run_lab(arguments: Sequence[str]) -> int:
    """Returns the lab's exit code once it ended; it writes to this terminal.

    Args:
        arguments: As `python -m services.bandit.lab --help` says.
    """
    command = leashed([sys.executable, "-m", "services.bandit.lab", *arguments])
    environment = {**os.environ, "LAB_PROGRAM_NAME": NAME}
    return subprocess.run(command, check=False, env=environment).returncode  # noqa: S603 - our own module
