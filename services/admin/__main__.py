"""Runs the command: `expctl`, or python -m services.admin."""

import sys

from services.admin.app import app
from services.admin.screen import complain
from shared.config import ConfigError
from shared.errors import PlatformError


def main() -> None:
    """Runs the command that the arguments ask for; a failure is one message and exit code 1."""
    try:
        app()
    except (PlatformError, ConfigError, OSError) as error:
        complain(str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
