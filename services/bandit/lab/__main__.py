"""Runs the lab: python -m services.bandit.lab [--runs N] [--seed N] [--only NAME] [--quick] [--out DIRECTORY]."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.bandit.lab import report
from services.bandit.lab.playing import Played, play
from services.bandit.lab.studies import AnyStudy, chosen, names
from shared.errors import PlatformError

RUNS: Final = 100
QUICK_RUNS: Final = 4
SEED: Final = 2026
OUT: Final = Path("docs/lab")
PART_OUT: Final = Path(".experimentation/lab")
_MOST_RUNS: Final = 100_000
_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the lab as the arguments say; a failure is one message and exit code 1 (2 for an argument that is wrong)."""
    given = _parser().parse_args(arguments)
    # Whoever asks us to end gets the same clean stop as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Processes have a core each: threads of linear algebra would only wait for one another.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    console = Console(stderr=True, highlight=False)
    runs = given.runs or (QUICK_RUNS if given.quick else RUNS)
    try:
        studies = chosen(given.only, quick=given.quick)
        started = time.monotonic()
        played = _played(console, studies, runs=runs, seed=given.seed, workers=given.workers)
        is_whole = not given.quick and not given.only and runs == RUNS
        out = given.out or (OUT if is_whole else PART_OUT)
        written = report.write(studies, played, out, runs=runs, seed=given.seed, quick=given.quick)
    except KeyboardInterrupt:
        console.print(f"{_program_name()}: interrupted, nothing is written")
        sys.exit(_INTERRUPTED)
    except (PlatformError, OSError) as error:
        console.print(f"{_program_name()}: {error}", markup=False, soft_wrap=True)
        sys.exit(1)
    console.print(
        f"{written[0]} and {len(written) - 1} pictures, after {time.monotonic() - started:.0f} s", markup=False
    )


def _played(console: Console, studies: Sequence[AnyStudy], *, runs: int, seed: int, workers: int) -> Played:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        shown = progress.add_task("batches played", total=None)

        def tell(done: int, total: int) -> None:
            progress.update(shown, completed=done, total=total)

        return play(studies, runs=runs, seed=seed, workers=workers, tell=tell)


def _program_name() -> str:
    """Returns what people call this program: whoever starts it for them under another name says so."""
    return os.environ.get("LAB_PROGRAM_NAME", "lab")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_program_name(), description="Plays policies against problems and writes a report."
    )
    parser.add_argument(
        "--runs", type=_count, help=f"runs of each problem with fixed arms (default {RUNS}, with --quick {QUICK_RUNS})"
    )
    parser.add_argument("--seed", type=_seed, default=SEED, help="of all chance, 0 or more (default %(default)s)")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help=f"a problem; may be repeated: {', '.join(names())}",
    )
    parser.add_argument("--quick", action="store_true", help="a few problems, few runs: less than a minute")
    parser.add_argument(
        "--out",
        type=Path,
        help=f"directory of the report (default {OUT}, which is published; {PART_OUT} for a part of it)",
    )
    parser.add_argument("--workers", type=_count, default=os.cpu_count() or 1, help="processes (default %(default)s)")
    return parser


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= _MOST_RUNS:
        raise argparse.ArgumentTypeError(f"{text} must be a whole number from 1 to {_MOST_RUNS}")
    return number


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text} must be a whole number, 0 or more")
    return int(text)


if __name__ == "__main__":
    main()
