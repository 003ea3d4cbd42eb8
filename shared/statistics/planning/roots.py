"""Where rising functions reach 0, for many at once."""

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

_DOUBLINGS: Final = 200
_HALVINGS: Final = 200


def upper_bracket(function: Callable[[Floats], Floats], start: Floats, limit: Floats) -> Floats:
    """Returns points at which the functions are 0 or more, by doubling above 0 from a start up to a limit.

    Where even the limit's function is below 0, the limit is returned.
    """
    point = np.minimum(start, limit)
    for _ in range(_DOUBLINGS):
        short = (function(point) < 0) & (point < limit)
        if not short.any():
            break
        point = np.where(short, np.minimum(2 * point, limit), point)
    return point


def rising_root(function: Callable[[Floats], Floats], low: Floats, high: Floats) -> Floats:
    """Returns the least points in [low, high] at which the functions are 0 or more, to the last digit, by halving.

    Where the function is below 0 everywhere, `high` is returned; NaN counts as 0 or more.
    """
    low, high = np.broadcast_arrays(low, high)
    high = np.where(function(low) < 0, high, low)
    for _ in range(_HALVINGS):
        middle = low + (high - low) / 2
        if ((middle == low) | (middle == high)).all():
            break
        short = function(middle) < 0
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return np.asarray(high)
