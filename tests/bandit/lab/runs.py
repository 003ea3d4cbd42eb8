"""Problems and trajectories that the tests of the lab share."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from services.bandit.lab.problems import Problem
from services.bandit.lab.simulation import Trajectories
from services.bandit.lab.truths import Fixed
from shared.definition.model import MetricDirection


def problem(*rates: float, **changes: Any) -> Problem:
    """Returns a small problem of conversions."""
    fields: dict[str, Any] = {"batch_unit_count": 20, "batch_count": 10} | changes
    return Problem("test", "a test", "ours", Fixed(rates), **fields)


def trajectories(
    truth: ArrayLike,
    counts: ArrayLike,
    sums: ArrayLike | None = None,
    *,
    direction: MetricDirection = MetricDirection.MAXIMIZE,
) -> Trajectories:
    """Returns runs of units that converted as often as they should, unless sums are given; all have axes (R, B, K)."""
    means, units = np.asarray(truth, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    means = np.broadcast_to(means, units.shape)
    values = means * units if sums is None else np.asarray(sums, dtype=np.float64)
    squares = values * (1 - values / np.maximum(units, 1))
    weights = np.full(units.shape, 1 / units.shape[-1])
    return Trajectories(direction, means, weights, units, values, squares)
