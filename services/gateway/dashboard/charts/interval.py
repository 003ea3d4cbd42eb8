"""A small interval for a row of a table: the estimate, its interval, and the line of no difference."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from services.gateway.dashboard.charts.scale import Scale, around
from services.gateway.dashboard.charts.svg import Drawing

WIDTH, HEIGHT = 200.0, 26.0


@dataclass(frozen=True, slots=True)
class IntervalValue:
    """Is an estimate with the ends of its interval; an end that is None is unbounded."""

    estimate: float
    low: float | None
    high: float | None


def ends(values: Sequence[IntervalValue], *, margin: float | None = None) -> tuple[float, float]:
    """Returns the ends that the intervals of a table share, so that rows can be compared."""
    spoken = [each for value in values for each in (value.estimate, value.low, value.high) if each is not None]
    return around(spoken, include=(0.0,) if margin is None else (0.0, margin), margin=0.08)


def drawn(
    value: IntervalValue,
    *,
    name: str,
    words: str,
    within: tuple[float, float],
    tone: str,
    margin: float | None = None,
) -> Markup:
    """Returns the picture.

    Args:
        value: What to draw.
        name: Makes its ids unique on a page.
        words: Say the same.
        within: The ends, shared by the rows.
        tone: `good`, `bad` or `neutral`.
        margin: Where harm begins, for a guardrail; drawn, too.
    """
    drawing = Drawing(WIDTH, HEIGHT, name=name, title=words, description="")
    x, middle = Scale(*within, 6, WIDTH - 6), HEIGHT / 2
    drawing.line((x(0), 2), (x(0), HEIGHT - 2), "nought")
    if margin is not None:
        drawing.line((x(margin), 2), (x(margin), HEIGHT - 2), "limit", dash="2 2")
    low = within[0] if value.low is None else value.low
    high = within[1] if value.high is None else value.high
    drawing.box(x(low), middle - 5, x(high) - x(low), 10, f"interval {tone}", radius=2)
    for end, known in ((low, value.low), (high, value.high)):
        if known is not None:
            drawing.line((x(end), middle - 7), (x(end), middle + 7), f"whisker {tone}")
    drawing.dot(x(value.estimate), middle, f"estimate {tone}", radius=4)
    return drawing.done()
