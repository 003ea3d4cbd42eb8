"""Which share of the units each arm should get."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Split:
    """Holds splits of units over K arms, for metrics of any shape S.

    Attributes:
        shares: Shape S + (K,), the control first, together 1.
        gain: Variance saved against the equal split at the same cost, in [0, 1), shape S.
    """

    shares: Floats
    gain: Floats


def optimal_split(deviation: ArrayLike, *, cost: ArrayLike = 1.0) -> Split:
    """Returns the shares with which treatments are compared with one control most precisely.

    Args:
        deviation: Standard deviation of one unit in each arm, shape S + (K,), the control first; `[1, 1, 1]` for two
            treatments that vary as the control does (the square-root rule).
        cost: Of one unit in each arm, broadcasts with `deviation`.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    raise NotImplementedError
