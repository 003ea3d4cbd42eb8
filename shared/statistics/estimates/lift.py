"""Fieller's interval for the lift, in units of the standard error that any test may set.

With T and C the arms' values, D = T - C, v their own variances, s what they share with others (the arms' covariance is
the mean of both s) and q the quantile of a test, the interval is

    { l : (D - l C)^2 <= q^2 (v_T + v_C + 2 l w + l^2 (v_C + s_C)) },     w = v_C + (s_C - s_T) / 2

where the right side is q^2 times the variance of T - (1 + l) C (Fieller 1954, with 1 + l for the ratio). At l = 0 it
asks what the test of the difference asks, so that their verdicts agree.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Obstacle

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

_ZERO_CONTROL: Final = np.int8(Obstacle.ZERO_CONTROL)
_CONTROL_NEAR_ZERO: Final = np.int8(Obstacle.CONTROL_NEAR_ZERO)


class Ends(NamedTuple):
    """Holds the ends of intervals and where there are none."""

    low: Floats
    high: Floats
    obstacle: Codes


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
    obstacle: Codes,
) -> tuple[Floats, Ends]:
    """Returns the lift and Fieller's interval for it; no bounds exist where the control cannot be told from 0.

    The lift is relative to |C|: with a negative control, too, its sign is that of the difference.
    """
    c, spread = control.value, quantile**2
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        # In units of |C|, where the interval is that of a l^2 - 2 b l + d <= 0.
        square = c**2
        lift = (treatment.value - c) / np.abs(c)
        own, total = control.variance / square, (control.variance + control.common_variance) / square
        bounded = 1 - spread * total
        blocked = _lift_obstacle(c, bounded, obstacle)
        a = np.where(blocked == 0, bounded, np.nan)
        w = np.sign(c) * (own + (control.common_variance - treatment.common_variance) / (2 * square))
        b = lift + spread * w
        # The discriminant without d, so that nothing large cancels where the lift is small.
        discriminant = (treatment.variance / square + own) * a + w * (lift + b) + total * lift**2
        half = quantile * np.sqrt(np.maximum(discriminant, 0.0)) / a
        middle = b / a
    low, high = one_sided(middle - half, middle + half, alternative)
    return np.where(blocked == 0, lift, np.nan), Ends(low, high, blocked)


def _lift_obstacle(control: Floats, bounded: Floats, obstacle: Codes) -> Codes:
    near = np.where(bounded > 0, obstacle, _CONTROL_NEAR_ZERO)
    return np.where(obstacle == 0, np.where(control == 0, _ZERO_CONTROL, near), obstacle)
