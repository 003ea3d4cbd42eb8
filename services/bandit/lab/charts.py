"""The two charts of the report: marks with intervals in rows, and curves over units."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from services.bandit.lab.measures import Estimate
from services.bandit.lab.svg import Page

_WIDTH: Final = 860
_LABELS: Final = 300
_RIGHT: Final = 24
_TOP: Final = 66.0
_ROW: Final = 15
_GAP: Final = 9
_PLOT_HEIGHT: Final = 260
_LETTER: Final = 6.6


@dataclass(frozen=True, slots=True)
class Row:
    """Is a label with one estimate for each series, None where it has none.

    Attributes:
        limit: Drawn as a short line across the row, such as what an oracle reaches; None for none.
    """

    label: str
    estimates: tuple[Estimate | None, ...]
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Is a line with a band around it, all of one length."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def percent(value: float) -> str:
    """Returns a share in percent, as short as it is exact."""
    return f"{100 * value:.6g} %"


def plain(value: float) -> str:
    """Returns a number with thousands apart."""
    return f"{value:,.6g}"


def ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Returns round numbers from low to high, both inside: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def rows_chart(
    title: str,
    description: str,
    series: Sequence[str],
    rows: Sequence[Row],
    *,
    reference: float | None = None,
    highest: float = math.inf,
    words: Callable[[float], str] = percent,
) -> str:
    """Returns a picture of estimates with their intervals; what is beyond `highest` is drawn at the edge.

    Args:
        title: What it shows.
        description: For those who do not see it.
        series: Names, in the order of each row's estimates.
        rows: From top to bottom, one or more.
        reference: Where a dashed line stands, such as a goal.
        highest: End of the axis, at most.
        words: How numbers are written.
    """
    heights = [max(len(row.estimates), 1) * _ROW + _GAP for row in rows]
    keys = _keys(series)
    start = _TOP + keys[-1][1] - keys[0][1]
    bottom = start + sum(heights)
    page = Page(_WIDTH, round(bottom) + 34, title=title, description=description)
    low, high = _range(rows, reference, highest)

    def at(value: float) -> float:
        return _LABELS + (min(max(value, low), high) - low) / (high - low) * (_WIDTH - _LABELS - _RIGHT)

    for tick in ticks(low, high):
        page.line((at(tick), start - 4), (at(tick), bottom), "grid")
        page.text(at(tick), bottom + 18, words(tick), anchor="middle")
    if reference is not None:
        page.line((at(reference), start - 4), (at(reference), bottom), "reference")
    for colour, (name, (x, y)) in enumerate(zip(series, keys, strict=True)):
        page.mark(x, y, colour)
        page.text(x + 9, y + 4, name)
    top = start
    for row, height in zip(rows, heights, strict=True):
        _draw_row(page, row, top, height, at)
        top += height
    return page.done()


def curves_chart(title: str, description: str, curves: Sequence[Curve], *, x_label: str, y_label: str) -> str:
    """Returns a picture of curves that start at 0, with bands, and a legend at the right."""
    page = Page(_WIDTH, round(_TOP) + _PLOT_HEIGHT + 44, title=title, description=description)
    left, right, bottom = 70, _WIDTH - 220, _TOP + _PLOT_HEIGHT
    widest = max(max(curve.x) for curve in curves)
    tallest = max(max(curve.high) for curve in curves) or 1.0

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x / widest * (right - left), bottom - max(y, 0.0) / tallest * _PLOT_HEIGHT

    for tick in ticks(0, tallest):
        page.line(at(0, tick), at(widest, tick), "grid")
        page.text(left - 8, at(0, tick)[1] + 4, plain(tick), anchor="end")
    for tick in ticks(0, widest):
        page.text(at(tick, 0)[0], bottom + 18, plain(tick), anchor="middle")
    page.line((left, bottom), (right, bottom), "axis")
    page.text((left + right) / 2, bottom + 38, x_label, anchor="middle")
    page.text(12, _TOP - 12, y_label)
    for colour, curve in enumerate(curves):
        edge = [at(x, y) for x, y in zip(curve.x, curve.high, strict=True)]
        back = [at(x, y) for x, y in zip(curve.x, curve.low, strict=True)]
        page.band([*edge, *reversed(back)], colour)
        page.path([at(x, y) for x, y in zip(curve.x, curve.y, strict=True)], colour)
        height = _TOP + 18.0 * colour
        page.path([(right + 16, height), (right + 46, height)], colour)
        page.text(right + 54, height + 4, curve.label)
    return page.done()


def _range(rows: Sequence[Row], reference: float | None, highest: float) -> tuple[float, float]:
    """Returns the ends of the axis: from 0, or the least value below it, to what is needed."""
    found = [0.0, *(row.limit for row in rows if row.limit is not None)]
    found += [] if reference is None else [reference * 1.1]
    for row in rows:
        for estimate in row.estimates:
            if estimate is not None:
                found += [end for end in (estimate.value, estimate.low, estimate.high) if math.isfinite(end)]
    return min(found), min(max(found) * 1.02 or 1.0, highest)


def _keys(series: Sequence[str]) -> list[tuple[float, float]]:
    """Returns where the names of the series stand, in as many lines as they need."""
    places, x, y = [], 18.0, 44.0
    for name in series:
        width = 30 + _LETTER * len(name)
        if x > 18 and x + width > _WIDTH:
            x, y = 18.0, y + 18
        places.append((x, y))
        x += width
    return places


def _draw_row(page: Page, row: Row, top: float, height: float, at: Callable[[float], float]) -> None:
    page.text(_LABELS - 12, top + (height - _GAP) / 2 + 4, row.label, anchor="end")
    page.line((_LABELS, top + height - _GAP / 2), (_WIDTH - _RIGHT, top + height - _GAP / 2), "grid")
    if row.limit is not None:
        page.line((at(row.limit), top), (at(row.limit), top + height - _GAP), "limit")
    for colour, estimate in enumerate(row.estimates):
        if estimate is None or not math.isfinite(estimate.value):
            continue
        y = top + _ROW * (colour + 0.5)
        if math.isfinite(estimate.low):
            page.line((at(estimate.low), y), (at(estimate.high), y), f"bar c{colour}")
        page.mark(at(estimate.value), y, colour)
