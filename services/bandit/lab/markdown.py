"""Numbers and tables as Markdown."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.bandit.lab.measures import Estimate


@dataclass(frozen=True, slots=True)
class Section:
    """Is a part of the report.

    Attributes:
        answer: What the part says in short, for the top of the report.
        body: Markdown, from its heading on.
        charts: SVG by file name.
    """

    answer: str
    body: str
    charts: Mapping[str, str]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def percent(value: float, *, digits: int = 1) -> str:
    """Returns a share in percent, or a dash where it cannot be told."""
    if not math.isfinite(value):
        return "-"
    # Adding 0 makes -0 positive.
    return f"{round(100 * value, digits) + 0.0:.{digits}f} %"


def percents(estimate: Estimate, *, digits: int = 1) -> str:
    """Returns a share with its interval, in percent."""
    if not math.isfinite(estimate.low):
        return percent(estimate.value, digits=digits)
    low, high = (percent(end, digits=digits).removesuffix(" %") for end in (estimate.low, estimate.high))
    return f"{percent(estimate.value, digits=digits)} [{low}, {high}]"


def number(value: float, *, digits: int = 2) -> str:
    """Returns a number, or a dash where it cannot be told."""
    return f"{value:,.{digits}f}" if math.isfinite(value) else "-"


def numbers(estimate: Estimate, *, digits: int = 1) -> str:
    """Returns a number with its interval."""
    value = number(estimate.value, digits=digits)
    if not math.isfinite(estimate.low):
        return value
    return f"{value} [{number(estimate.low, digits=digits)}, {number(estimate.high, digits=digits)}]"


def capitalised(words: str) -> str:
    """Returns words that begin a sentence."""
    return words[:1].upper() + words[1:]


def picture(file_name: str, words: str) -> str:
    """Returns a picture with its words."""
    return f"![{words}]({file_name})"
