"""Which share of the units each arm should get.

The variances of k comparisons with one control sum to k s_0^2 / n_0 + sum_j s_j^2 / n_j. At a given total cost
sum_j c_j n_j the sum is least (Cauchy and Schwarz) with

    n_0 proportional to s_0 sqrt(k / c_0),    n_j proportional to s_j / sqrt(c_j)

which is the square-root rule where all arms vary and cost the same (Dunnett 1955), and
Neyman's allocation (1934) with one treatment.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.result import checks

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Split:
    """Holds splits of units over K arms, for metrics of any shape S.

    Attributes:
        shares: Shape S + (K,), the control first, together 1.
        gain: Mean variance of the comparisons that is saved against the equal split at the same cost, in [0, 1),
            shape S.
    """

    shares: Floats
    gain: Floats


def optimal_split(deviation: ArrayLike, *, cost: ArrayLike = 1.0) -> Split:
    """Returns the shares with which treatments are compared with one control most precisely.

    Args:
        deviation: Standard deviation of one unit in each arm, above 0, shape S + (K,) with K >= 2, the control first;
            `[1, 1, 1]` for two treatments that vary as the control does.
        cost: Of one unit in each arm, above 0, broadcasts with `deviation`.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    spread, price = checks.positive("deviation", deviation), checks.positive("cost", cost)
    checks.same_shape(deviation=spread, cost=price)
    spread, price = np.broadcast_arrays(spread, price)
    if spread.ndim == 0 or spread.shape[-1] < 2:
        raise invalid_field("deviation", "must be of two arms or more")
    weight = spread.copy()
    weight[..., 0] *= np.sqrt(spread.shape[-1] - 1)
    units = weight / np.sqrt(price)
    # With the total cost as the unit, the variance is (sum of w sqrt(c))^2, and sum of w^2 c' with equal units.
    best = (weight * np.sqrt(price)).sum(axis=-1) ** 2
    equal = (weight**2).sum(axis=-1) * price.sum(axis=-1)
    return Split(units / units.sum(axis=-1, keepdims=True), np.maximum(1 - best / equal, 0.0))
