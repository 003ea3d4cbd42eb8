"""The estimate over time, with the band that holds it at any time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.gateway.dashboard import formatting
from services.gateway.dashboard.charts import frame as frames
from services.gateway.dashboard.charts.chart import Chart
from services.gateway.dashboard.charts.frame import Frame
from services.gateway.dashboard.charts.scale import around
from services.gateway.dashboard.charts.svg import Drawing, colour, dash

Words = Callable[[float], str]

_WIDTH, _HEIGHT = 860.0, 280.0


@dataclass(frozen=True, slots=True)
class EstimatePoint:
    """Is the estimate of one arm as it was at an instant; an end that is None was unbounded."""

    at: datetime
    estimate: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class EstimateLine:
    """Is the course of one arm's estimate, in time order."""

    arm: str
    points: Sequence[EstimatePoint]


def estimate_series(lines: Sequence[EstimateLine], *, metric: str, relative: bool, share_metric: bool) -> Chart | None:
    """Returns the chart; None while there is nothing to draw."""
    points = [point for line in lines for point in line.points]
    if not points:
        return None
    words = _words(relative=relative, share_metric=share_metric)
    title = f"Estimated {'lift' if relative else 'difference'} of {metric} over time"
    description = _description(lines, words)
    drawing = Drawing(_WIDTH, _HEIGHT, name="estimate-series", title=title, description=description)
    first, last = min(point.at for point in points), max(point.at for point in points)
    frame = frames.framed(
        drawing,
        x=around([first.timestamp(), last.timestamp()], margin=0.03),
        y=_ends(points),
        y_words=words,
        legend_rows=1,
    )
    frames.time_axis(frame, first, last)
    for place, line in enumerate(lines):
        _draw(frame, line, place)
    frame.horizontal(0.0)
    for place, line in enumerate(lines):
        _tips(frame, line, place, words)
    # The first colour is the control's, which is the line of no difference here.
    frames.legend(frame, [line.arm for line in lines], first=1)
    return Chart("estimate-series", title, description, drawing.done(), *_table(lines))


def _ends(points: Sequence[EstimatePoint]) -> tuple[float, float]:
    """Returns ends that leave out what early looks do not know yet: they would make the rest flat."""
    known = [end for point in points for end in (point.low, point.high) if end is not None]
    last = max(points, key=lambda point: point.at)
    widest = 6 * max((abs(end - last.estimate) for end in (last.low, last.high) if end is not None), default=1e18)
    kept = [end for end in known if abs(end - last.estimate) <= widest]
    return around([*kept, *(point.estimate for point in points)], include=(0.0,))


def _draw(frame: Frame, line: EstimateLine, place: int) -> None:
    bound = [point for point in line.points if point.low is not None or point.high is not None]
    upper = [(frame.x(p.at.timestamp()), frame.y(frame.y.high if p.high is None else p.high)) for p in bound]
    lower = [(frame.x(p.at.timestamp()), frame.y(frame.y.low if p.low is None else p.low)) for p in bound]
    if len(bound) > 1:
        frame.drawing.shape([*upper, *reversed(lower)], f"band {colour(place + 1)}")
    if len(bound) == 1:
        frame.drawing.line(upper[0], lower[0], f"whisker {colour(place + 1)}")
    middle = [(frame.x(p.at.timestamp()), frame.y(p.estimate)) for p in line.points]
    frame.drawing.path(middle, f"series {colour(place + 1)}", dash=dash(place))


def _tips(frame: Frame, line: EstimateLine, place: int, words: Words) -> None:
    for point in line.points:
        x, y = frame.x(point.at.timestamp()), frame.y(point.estimate)
        told = f"{line.arm}, {formatting.instant(point.at)}"
        numbers = f"{words(point.estimate)} [{_end(point.low, words)}, {_end(point.high, words)}]"
        with frame.drawing.hovered():
            frame.drawing.dot(x, y, "hit", radius=9)
            frame.drawing.dot(x, y, f"estimate {colour(place + 1)}", radius=3)
            frame.drawing.tip(x, y + 12, [told, numbers])


def _end(value: float | None, words: Words) -> str:
    return "unbounded" if value is None else words(value)


def _words(*, relative: bool, share_metric: bool) -> Words:
    if relative:
        return formatting.change
    return formatting.points if share_metric else lambda value: formatting.change(value, relative=False)


def _description(lines: Sequence[EstimateLine], words: Words) -> str:
    ends = [f"{line.arm} ends at {words(line.points[-1].estimate)}" for line in lines if line.points]
    return f"{'; '.join(ends)}. The band holds the true value at any time, with the confidence of the analysis."


def _table(lines: Sequence[EstimateLine]) -> tuple[Sequence[str], Sequence[Sequence[str | float | None]]]:
    rows = [
        (formatting.machine_instant(point.at), line.arm, point.estimate, point.low, point.high)
        for line in lines
        for point in line.points
    ]
    return ("as of", "arm", "estimate", "low", "high"), rows
