"""Shares of a whole as one bar: the split of the units, or the parts of a score."""

from collections.abc import Sequence

from services.gateway.dashboard import formatting
from services.gateway.dashboard.charts.chart import Chart
from services.gateway.dashboard.charts.svg import Drawing, colour

_WIDTH, _HEIGHT = 560.0, 54.0


def shares(name: str, title: str, parts: Sequence[tuple[str, float]]) -> Chart | None:
    """Returns the chart of parts that sum to 1 at most; None where there are none."""
    if not parts:
        return None
    description = "; ".join(f"{label}: {formatting.share(value)}" for label, value in parts) + "."
    drawing = Drawing(_WIDTH, _HEIGHT, name=name, title=title, description=description)
    drawing.box(0, 4, _WIDTH, 22, "track", radius=3)
    left = 0.0
    for place, (label, value) in enumerate(parts):
        width = _WIDTH * max(min(value, 1.0), 0.0)
        with drawing.hovered():
            drawing.box(left, 4, max(width - 1, 0), 22, f"area {colour(place)}", radius=2)
            drawing.tip(left + width / 2, 28, [f"{label}: {formatting.share(value)}"])
        told = f"{label} {formatting.share(value, digits=0)}"
        if width > 7 * len(told):
            drawing.text(left + 2, 44, told, kind="label")
        left += width
    return Chart(name, title, description, drawing.done(), ("part", "share"), [tuple(part) for part in parts])
