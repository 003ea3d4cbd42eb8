"""Runs several command lines in one process, as JSON lists on standard arguments; says how each ended."""

import json
import sys

from services.admin.run import run

END = "ended with"


def main() -> None:
    for line in map(json.loads, sys.argv[1:]):
        sys.stdout.write(f"{END} {run(line)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
