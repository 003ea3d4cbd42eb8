"""The frame of a chart: axes with their marks, lines behind the values, and a legend below."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.gateway.dashboard.charts.scale import Scale, ticks, time_ticks
from services.gateway.dashboard.charts.svg import Drawing, colour, dash

LEFT, RIGHT, TOP, BOTTOM = 62.0, 14.0, 20.0, 30.0


@dataclass(frozen=True, slots=True)
class Frame:
    """Is the place of the values, and how they get there."""

    drawing: Drawing
    x: Scale
    y: Scale

    def horizontal(self, value: float, kind: str = "reference") -> None:
        """Draws a line across at a value."""
        self.drawing.line((self.x.start, self.y(value)), (self.x.end, self.y(value)), kind)

    def vertical(self, value: float, kind: str = "marker") -> None:
        """Draws a line down at a value."""
        self.drawing.line((self.x(value), self.y.end), (self.x(value), self.y.start), kind)


def framed(
    drawing: Drawing,
    *,
    x: tuple[float, float],
    y: tuple[float, float],
    y_words: Callable[[float], str],
    legend_rows: int = 0,
) -> Frame:
    """Returns a frame with its vertical axis drawn."""
    bottom = drawing.height - BOTTOM - 20 * legend_rows
    frame = Frame(drawing, Scale(*x, LEFT, drawing.width - RIGHT), Scale(*y, bottom, TOP))
    for value in ticks(*y, most=5):
        frame.horizontal(value, "grid")
        drawing.text(LEFT - 8, frame.y(value) + 4, _short(y_words(value)), anchor="end", kind="label")
    return frame


def value_axis(frame: Frame, words: Callable[[float], str], *, most: int = 7) -> None:
    """Marks the values below the frame."""
    for value in ticks(frame.x.low, frame.x.high, most=most):
        _mark(frame, frame.x(value), _short(words(value)))


def time_axis(frame: Frame, first: datetime, last: datetime) -> None:
    """Marks instants below the frame, whose values are seconds since the epoch."""
    seconds = (last - first).total_seconds()
    marks = "%H:%M:%S" if seconds < 300 else "%H:%M" if seconds < 3 * 86400 else "%d %b"
    for moment in time_ticks(first, last):
        _mark(frame, frame.x(moment.timestamp()), f"{moment:{marks}}")


def legend(
    frame: Frame, names: Sequence[str], *, dashed: bool = True, first: int = 0, places: Sequence[int] = ()
) -> None:
    """Names the series in a line below the axis, their colours from `first` on; what does not fit is in the table.

    Args:
        frame: Where.
        names: Are what the series are called.
        dashed: Says that they are lines and not areas.
        first: Is the colour of the first.
        places: Are the places by which they are coloured and dashed. Empty: those of the names.
    """
    x, y = frame.x.start, frame.drawing.height - 6
    for place, name in zip(places or range(len(names)), names, strict=True):
        shown = name if len(name) <= 24 else f"{name[:23]}…"
        if x + 26 + 7 * len(shown) > frame.drawing.width:
            frame.drawing.text(x, y, "…", kind="label")
            break
        if dashed:
            frame.drawing.line((x, y - 4), (x + 18, y - 4), f"series {colour(first + place)}", dash=dash(place))
        else:
            frame.drawing.box(x + 4, y - 10, 12, 12, f"area {colour(place)}", radius=2)
        frame.drawing.text(x + 23, y, shown, kind="label")
        x += 40 + 6.6 * len(shown)


def _short(words: str) -> str:
    """Returns a number without the nought behind its point, which marks need not have."""
    return words.replace(".0 ", " ").replace(".00 ", " ")


def _mark(frame: Frame, x: float, words: str) -> None:
    frame.drawing.line((x, frame.y.start), (x, frame.y.start + 4), "axis")
    # A mark at the edge keeps its words within the picture.
    within = min(x, frame.drawing.width - 2 - 3.6 * len(words))
    frame.drawing.text(within, frame.y.start + 18, words, anchor="middle", kind="label")
