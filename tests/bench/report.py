"""Writes figures as a table for the terminal and as a page of Markdown."""

from collections.abc import Sequence
from datetime import datetime

from tests.bench.figures import Figure, Section

HEADINGS = ("figure", "median", "lowest to highest", "bar", "met")

_PREAMBLE = """\
# Benchmarks

Written by `make bench`, which overwrites this page. Every figure is the median over rounds of one run, with the lowest
and the highest round beside it. What is compared was measured in turn (A, B, A, B, ...) in that run; each ratio is
taken within its round. Ratios travel between machines, absolute numbers do not.
"""


def markdown(sections: Sequence[Section], *, facts: Sequence[str], at: datetime) -> str:
    """Returns the page."""
    parts = [_PREAMBLE, "\n".join(f"- {fact}" for fact in [f"Measured: {at:%Y-%m-%d %H:%M} UTC", *facts])]
    for section in sections:
        rows = [_cells(figure) for figure in section.figures]
        lines = ["| " + " | ".join(cells) + " |" for cells in [HEADINGS, ("---",) * len(HEADINGS), *rows]]
        parts += [f"\n## {section.title}\n\n{section.method}\n", "\n".join(lines)]
    return "\n".join(parts) + "\n"


def table(section: Section) -> str:
    """Returns a section as plain text in columns."""
    rows = [HEADINGS, *map(_cells, section.figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([section.title, *(f"  {line}" for line in lines)]) + "\n"


def _cells(figure: Figure) -> tuple[str, str, str, str, str]:
    low, high = min(figure.values), max(figure.values)
    return (
        figure.what,
        _text(figure.median, figure.unit),
        f"{_text(low, '')} to {_text(high, '')}",
        _bar(figure),
        {True: "yes", False: "NO", None: ""}[figure.met],
    )


def _bar(figure: Figure) -> str:
    if figure.at_least is not None:
        return f">= {_text(figure.at_least, figure.unit)}"
    return f"<= {_text(figure.at_most, figure.unit)}" if figure.at_most is not None else ""


def _text(value: float, unit: str) -> str:
    digits = 0 if value >= 1000 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()
