"""The weights of the arms over time, stacked, with the policy versions marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.gateway.dashboard import formatting
from services.gateway.dashboard.charts import frame as frames
from services.gateway.dashboard.charts.chart import Chart
from services.gateway.dashboard.charts.frame import Frame
from services.gateway.dashboard.charts.svg import Drawing, colour

_WIDTH, _HEIGHT = 860.0, 290.0
_MOST_MARKS: Final = 40


@dataclass(frozen=True, slots=True)
class WeightVector:
    """Is the weights of one policy version, in the order of the arms, and since when they served."""

    policy_version: int
    since: datetime
    weights: Sequence[float]


def weights_over_time(arms: Sequence[str], vectors: Sequence[WeightVector], *, until: datetime) -> Chart | None:
    """Returns the chart; None while there is nothing to draw."""
    if not vectors:
        return None
    title = "Weights over time"
    description = _description(arms, vectors)
    drawing = Drawing(_WIDTH, _HEIGHT, name="weights", title=title, description=description)
    first, last = vectors[0].since, max(until, vectors[-1].since)
    frame = frames.framed(
        drawing,
        x=(first.timestamp(), max(last.timestamp(), first.timestamp() + 1)),
        y=(0.0, 1.0),
        y_words=lambda value: formatting.share(value, digits=0),
        legend_rows=1,
    )
    frames.time_axis(frame, first, last)
    ends = [*(vector.since.timestamp() for vector in vectors[1:]), last.timestamp()]
    for place in range(len(arms)):
        _area(frame, vectors, ends, place)
    for vector, end in zip(vectors, ends, strict=True):
        _version(frame, arms, vector, end, marked=len(vectors) <= _MOST_MARKS)
    frames.legend(frame, arms, dashed=False)
    return Chart("weights", title, description, drawing.done(), *_table(arms, vectors))


def _area(frame: Frame, vectors: Sequence[WeightVector], ends: Sequence[float], place: int) -> None:
    upper, lower = [], []
    for vector, end in zip(vectors, ends, strict=True):
        below = sum(vector.weights[:place])
        for moment in (vector.since.timestamp(), end):
            upper.append((frame.x(moment), frame.y(below + vector.weights[place])))
            lower.append((frame.x(moment), frame.y(below)))
    frame.drawing.shape([*upper, *reversed(lower)], f"area {colour(place)}")


def _version(frame: Frame, arms: Sequence[str], vector: WeightVector, end: float, *, marked: bool) -> None:
    left, right = frame.x(vector.since.timestamp()), frame.x(end)
    lines = [
        f"Version {vector.policy_version}, {formatting.instant(vector.since)}",
        *(f"{arm}: {formatting.share(weight)}" for arm, weight in zip(arms, vector.weights, strict=True)),
    ]
    with frame.drawing.hovered():
        frame.drawing.box(left, frame.y.end, max(right - left, 2), frame.y.start - frame.y.end, "hit")
        if marked:
            frame.vertical(vector.since.timestamp())
        if right - left > 26:
            frame.drawing.text(left + 1, frame.y.end - 6, f"v{vector.policy_version}", kind="version")
        frame.drawing.tip((left + right) / 2, frame.y.end + 24, lines[:12])


def _description(arms: Sequence[str], vectors: Sequence[WeightVector]) -> str:
    last = vectors[-1]
    now = ", ".join(f"{arm} {formatting.share(weight)}" for arm, weight in zip(arms, last.weights, strict=True))
    versions = formatting.plural(len(vectors), "version")
    told = f"Shares of the units that each arm gets, in {versions} of the policy."
    return f"{told} Now, in version {last.policy_version}: {now}."


def _table(
    arms: Sequence[str], vectors: Sequence[WeightVector]
) -> tuple[Sequence[str], Sequence[Sequence[str | float]]]:
    rows: list[Sequence[str | float]] = [
        (vector.policy_version, formatting.machine_instant(vector.since), *vector.weights) for vector in vectors
    ]
    return ("policy version", "since", *arms), rows
