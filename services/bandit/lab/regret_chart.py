"""The chart of regret: what policies lose against the best arm, unit after unit."""

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.bandit.lab.charts import Curve, curves_chart
from services.bandit.lab.measures import mean

Floats: TypeAlias = NDArray[np.float64]


def regret_chart(title: str, lost: Sequence[tuple[str, Floats]], *, batch_unit_count: int, lost_what: str) -> str:
    """Returns a picture of mean regret with 95 % bands.

    Args:
        title: Of the problem.
        lost: Names of policies with what each run had lost after each batch, shape (R, B).
        batch_unit_count: Units of a batch.
        lost_what: What is lost, such as "conversions".
    """
    curves = [_curve(name, runs, batch_unit_count) for name, runs in lost]
    ends = "; ".join(f"{curve.label} {curve.y[-1]:.1f}" for curve in curves)
    return curves_chart(
        f"Regret: {title}",
        f"Mean {lost_what} lost against the best arm, with 95 % bands. At the end: {ends}.",
        curves,
        x_label="units",
        y_label=f"{lost_what} lost",
    )


def _curve(name: str, lost: Floats, batch_unit_count: int) -> Curve:
    points = [mean(lost[:, batch]) for batch in range(lost.shape[1])]
    columns = ([getattr(point, part) for point in points] for part in ("value", "low", "high"))
    y, low, high = ([0.0, *column] for column in columns)
    fallen = [value if math.isnan(end) else end for value, end in zip(y, low, strict=True)]
    risen = [value if math.isnan(end) else end for value, end in zip(y, high, strict=True)]
    units = batch_unit_count * np.arange(len(y))
    return Curve(name, units.tolist(), y, fallen, risen)
