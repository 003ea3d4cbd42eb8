"""Fieller's interval for the lift, in units of the standard error that any test may set."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Obstacle

Floats = NDArray[np.float64]


class Ends(NamedTuple):
    """Holds the ends of intervals and where there are none."""

    low: Floats
    high: Floats
    obstacle: NDArray[np.int8]


def one_sided(low: Floats, high: Floats, alternative: Alternative) -> tuple[Floats, Floats]:
    """Returns the ends, with the one that the alternative leaves open at infinity; NaN stays NaN."""
    if alternative is Alternative.GREATER:
        return low, np.where(np.isnan(low), low, np.inf)
    if alternative is Alternative.LESS:
        return np.where(np.isnan(high), high, -np.inf), high
    return low, high


def lift_interval(
    treatment: ArmEstimates,
    control: ArmEstimates,
    quantile: Floats,
    alternative: Alternative,
    obstacle: NDArray[np.int8],
) -> tuple[Floats, Ends]:
    """Returns the lift and Fieller's interval for it; no bounds exist where the control cannot be told from 0.

    A negative control turns the sides around: a ratio above 1 is then a treatment below control. The lift is taken
    relative to |C|, so that its sign is that of the difference.
    """
    t, c = np.broadcast_arrays(treatment.value, control.value)
    shared = (treatment.common_variance + control.common_variance) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        vt, vc = treatment.variance + treatment.common_variance, control.variance + control.common_variance
        spread = quantile**2
        a, b, d = c**2 - spread * vc, t * c - spread * shared, t**2 - spread * vt
        root = np.sqrt(np.maximum(b**2 - a * d, 0.0))
        sign = np.sign(c)
        lift = (t / c - 1) * sign
        first, second = ((b - root) / a - 1) * sign, ((b + root) / a - 1) * sign
    blocked = np.where(obstacle != 0, obstacle, np.where(c == 0, Obstacle.ZERO_CONTROL, 0))
    blocked = np.where((blocked == 0) & ~(a > 0), Obstacle.CONTROL_NEAR_ZERO, blocked).astype(np.int8)
    fine = blocked == 0
    low, high = np.minimum(first, second), np.maximum(first, second)
    low, high = one_sided(np.where(fine, low, np.nan), np.where(fine, high, np.nan), alternative)
    return np.where(fine, lift, np.nan), Ends(low, high, blocked)
