"""Measures speed as ratios taken in one run; prints tables and writes docs/benchmarks.md."""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from shared import clock
from tests.bench import (
    aggregation,
    allocate,
    client,
    columns,
    contextual,
    learner,
    machine,
    outcomes,
    report,
    service,
    statistics,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
SECTIONS = {
    "allocate": allocate.section,
    "service": service.section,
    "client": client.section,
    "columns": columns.section,
    "outcomes": outcomes.section,
    "learner": learner.section,
    "contextual": contextual.section,
    "aggregation": aggregation.section,
    "statistics": statistics.section,
}


def main() -> None:
    """Measures the sections that the arguments name, or all of them; only then the page is written."""
    named = sys.argv[1:]
    facts, at = machine.facts(), clock.now()
    measured = []
    # A process for each, so that none inherits the threads and the heap of the one before.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as processes:
        for name in named or SECTIONS:
            measured.append(processes.submit(SECTIONS[name]).result())
            sys.stdout.write(report.table(measured[-1]) + "\n")
            sys.stdout.flush()
    if not named:
        PAGE.write_text(report.markdown(measured, facts=facts, at=at))


if __name__ == "__main__":
    main()
