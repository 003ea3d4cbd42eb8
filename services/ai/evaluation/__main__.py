"""Runs the evaluation: python -m services.ai.evaluation [--seed N] [--experiments N] [--mutants N] [--quick]."""

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from services.ai.evaluation.report import evaluate, written

SEED: Final = 2026
EXPERIMENTS: Final = 1000
MUTANTS: Final = 800
QUICK: Final = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report; returns 1 if a bar is missed, and says which."""
    given = _parser().parse_args(arguments)
    part = QUICK if given.quick else 1
    found = evaluate(seed=given.seed, experiments=given.experiments // part, mutants=given.mutants // part)
    missed = "".join(f"missed: {one}\n" for one in found.failures)
    sys.stdout.write(f"{written(found)}\n\n{missed or 'All bars are met.'}\n")
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.ai.evaluation", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="of the random experiments")
    parser.add_argument("--experiments", type=int, default=EXPERIMENTS, help="random experiments to tell of")
    parser.add_argument("--mutants", type=int, default=MUTANTS, help="mutants of each type at most")
    parser.add_argument("--quick", action="store_true", help="a tenth of both")
    return parser


if __name__ == "__main__":
    sys.exit(main())
