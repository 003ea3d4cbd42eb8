"""Runs the command: `expctl`, or python -m services.admin."""

import signal
import sys

from services.admin.run import run


def main() -> None:
    """Runs the command that the arguments ask for, and ends with its exit code."""
    # Whoever asks us to end gets the same clean stop as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
