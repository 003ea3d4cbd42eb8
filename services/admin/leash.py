"""Runs a command in its place, and has Linux end it when the thread that started it ends, however that happens.

    python -m services.admin.leash <process id of the starter> <program> <argument>...

It takes the place of a `preexec_fn`, which is not safe where threads run.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def leashed(command: Sequence[str]) -> list[str]:
    """Returns the command that runs another one on the leash of the calling process."""
    return [sys.executable, "-m", "services.admin.leash", str(os.getpid()), *command]


def main() -> None:
    """Becomes the command; elsewhere than on Linux without a leash."""
    starter, program = int(sys.argv[1]), sys.argv[2]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        # It may have ended before there was a leash.
        if os.getppid() != starter:
            sys.exit("the process that started this one is gone")
    os.execv(program, sys.argv[2:])  # noqa: S606 - the command line is all there is to it


if __name__ == "__main__":
    main()
