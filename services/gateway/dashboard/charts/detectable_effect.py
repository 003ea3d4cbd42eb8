"""The smallest effect that can be detected, against how many weeks the experiment runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.dashboard import formatting
from services.gateway.dashboard.charts import frame as frames
from services.gateway.dashboard.charts.chart import Chart
from services.gateway.dashboard.charts.scale import around
from services.gateway.dashboard.charts.svg import Drawing, colour

_WIDTH, _HEIGHT = 560.0, 230.0


@dataclass(frozen=True, slots=True)
class WeekPoint:
    """Is the smallest relative effect that so many weeks can detect."""

    weeks: float
    effect: float


def effect_by_weeks(
    points: Sequence[WeekPoint], *, planned_weeks: float | None, wanted_effect: float | None
) -> Chart | None:
    """Returns the chart; None where nothing was computed."""
    if not points:
        return None
    title = "Smallest detectable lift by weeks"
    description = _description(points, planned_weeks, wanted_effect)
    drawing = Drawing(_WIDTH, _HEIGHT, name="detectable-effect", title=title, description=description)
    effects = [point.effect for point in points]
    frame = frames.framed(
        drawing,
        x=around([point.weeks for point in points], margin=0.02),
        y=(0.0, around(effects, include=() if wanted_effect is None else (wanted_effect,))[1]),
        y_words=lambda value: formatting.share(value, digits=1),
    )
    frames.value_axis(frame, lambda value: f"{value:g} wk")
    if wanted_effect is not None:
        frame.horizontal(wanted_effect)
        drawing.text(frame.x.end, frame.y(wanted_effect) - 5, "wanted", anchor="end", kind="label")
    if planned_weeks is not None:
        frame.vertical(planned_weeks, "planned")
        drawing.text(frame.x(planned_weeks) + 5, frame.y.end + 10, "planned", kind="label")
    drawing.path([(frame.x(point.weeks), frame.y(point.effect)) for point in points], f"series {colour(1)}")
    for point in points:
        x, y = frame.x(point.weeks), frame.y(point.effect)
        with drawing.hovered():
            drawing.dot(x, y, "hit", radius=10)
            drawing.dot(x, y, f"estimate {colour(1)}", radius=3.5)
            drawing.tip(x, y + 10, [f"{point.weeks:g} weeks", formatting.share(point.effect, digits=2)])
    rows = [(point.weeks, point.effect) for point in points]
    return Chart("detectable-effect", title, description, drawing.done(), ("weeks", "detectable lift"), rows)


def _description(points: Sequence[WeekPoint], planned_weeks: float | None, wanted_effect: float | None) -> str:
    first, last = points[0], points[-1]
    told = (
        f"Falls from {formatting.share(first.effect)} after {first.weeks:g} weeks"
        f" to {formatting.share(last.effect)} after {last.weeks:g}."
    )
    if planned_weeks is not None:
        told += f" Planned: {planned_weeks:.1f} weeks."
    return told + ("" if wanted_effect is None else f" Wanted: {formatting.share(wanted_effect)}.")
