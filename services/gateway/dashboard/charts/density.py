"""Densities of what is believed of the arms' means, from the mean and the 95 % interval of each."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from services.gateway.dashboard import formatting
from services.gateway.dashboard.charts import frame as frames
from services.gateway.dashboard.charts.chart import Chart
from services.gateway.dashboard.charts.frame import Frame
from services.gateway.dashboard.charts.svg import Drawing, colour, dash

_WIDTH, _HEIGHT = 860.0, 260.0
_STEPS: Final = 160
_Z: Final = 1.959964
_UNBOUNDED: Final = (-math.inf, math.inf)
_MANY: Final = 200.0
_HALVINGS: Final = 24
_EDGE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Belief:
    """Is what is believed of one arm's mean: its posterior mean and central 95 % interval; `place` is the arm's own."""

    arm: str
    mean: float
    low: float
    high: float
    place: int = 0


def densities(
    beliefs: Sequence[Belief], *, metric: str, proportion: bool, bounds: tuple[float, float] = _UNBOUNDED
) -> Chart | None:
    """Returns the chart, of what lies within the bounds alone; None where nothing is believed yet."""
    known = [belief for belief in beliefs if belief.high > belief.low]
    if not known:
        return None
    words = formatting.rate if proportion else formatting.number
    title = f"What is believed of {metric}"
    spoken = "; ".join(
        f"{each.arm}: {words(each.mean)}, 95 % in {words(each.low)} to {words(each.high)}" for each in known
    )
    description = f"{spoken}. Curves follow each arm's mean and interval."
    drawing = Drawing(_WIDTH, _HEIGHT, name="posterior", title=title, description=description)
    low, high = min(_reach(each)[0] for each in known), max(_reach(each)[1] for each in known)
    least, most = (0.0, 1.0) if proportion else bounds
    # A normal distribution may lie where its metric cannot be: then it is shown where it is.
    low, high = (max(low, least), min(high, most)) if low < most and high > least else (low, high)
    curves = [_curve(each, low, high, proportion=proportion) for each in known]
    top = max(y for curve in curves for _, y in curve)
    frame = frames.framed(drawing, x=(low, high), y=(0.0, top * 1.08), y_words=lambda _value: "", legend_rows=1)
    frames.value_axis(frame, words)
    for belief, curve in zip(known, curves, strict=True):
        _draw(frame, belief, curve, words)
    frames.legend(frame, [belief.arm for belief in known], places=[belief.place for belief in known])
    rows = [(each.arm, each.mean, each.low, each.high) for each in known]
    return Chart("posterior", title, description, drawing.done(), ("arm", "mean", "low", "high"), rows)


def _draw(frame: Frame, belief: Belief, curve: Sequence[tuple[float, float]], words: Callable[[float], str]) -> None:
    points = [(frame.x(x), frame.y(y)) for x, y in curve]
    with frame.drawing.hovered():
        frame.drawing.shape(
            [(points[0][0], frame.y(0)), *points, (points[-1][0], frame.y(0))], f"band {colour(belief.place)}"
        )
        frame.drawing.path(points, f"series {colour(belief.place)}", dash=dash(belief.place))
        told = f"95 % in {words(belief.low)} to {words(belief.high)}"
        frame.drawing.tip(frame.x(belief.mean), frame.y.end, [belief.arm, words(belief.mean), told])


def _reach(belief: Belief) -> tuple[float, float]:
    return belief.mean - 1.8 * (belief.mean - belief.low), belief.mean + 1.8 * (belief.high - belief.mean)


def _curve(belief: Belief, low: float, high: float, *, proportion: bool) -> list[tuple[float, float]]:
    values = [low + (high - low) * step / _STEPS for step in range(_STEPS + 1)]
    density = _beta(belief) if proportion and 0 < belief.mean < 1 else _normal(belief)
    return [(value, density(value)) for value in values]


def _normal(belief: Belief) -> Callable[[float], float]:
    deviation = (belief.high - belief.low) / (2 * _Z)
    factor = 1 / (deviation * math.sqrt(2 * math.pi))
    return lambda value: factor * math.exp(-0.5 * ((value - belief.mean) / deviation) ** 2)


def _beta(belief: Belief) -> Callable[[float], float]:
    """Returns the density of the Beta distribution with the mean, of which the interval holds 95 %."""
    variance = ((belief.high - belief.low) / (2 * _Z)) ** 2
    size = max(belief.mean * (1 - belief.mean) / variance - 1, 1e-3)
    # With few units it is far from a normal one, and its spread says too little.
    return _beta_of(belief.mean, size if size > _MANY else _fitted_size(belief))


def _fitted_size(belief: Belief) -> float:
    """Returns the size of the Beta distribution of which the interval holds 95 %: the larger, the more it holds."""
    low, high = 1 / min(belief.mean, 1 - belief.mean), 4 * _MANY
    step = (belief.high - belief.low) / _STEPS
    middles = [belief.low + step * (place + 0.5) for place in range(_STEPS)]
    for _ in range(_HALVINGS):
        size = math.sqrt(low * high)
        held = step * sum(map(_beta_of(belief.mean, size), middles))
        low, high = (low, size) if held > 0.95 else (size, high)
    return math.sqrt(low * high)


def _beta_of(mean: float, size: float) -> Callable[[float], float]:
    # What is hardly above 1 is 1 but for rounding, and does not fall to nought at its end.
    a, b = (1.0 if each < 1.02 else each for each in (mean * size, (1 - mean) * size))
    constant = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)

    def density(value: float) -> float:
        within = min(max(value, _EDGE), 1 - _EDGE)
        return math.exp(constant + (a - 1) * math.log(within) + (b - 1) * math.log1p(-within))

    return density
