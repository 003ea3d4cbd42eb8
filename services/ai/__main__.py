"""Runs the AI service: python -m services.ai, or one of its workers: python -m services.ai worker."""

import sys

from services.ai import worker
from services.ai.main import main

if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        worker.main(sys.argv[2:])
    else:
        main()
