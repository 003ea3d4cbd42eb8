"""How units are best spread over arms to find the best one: the shares that no sampling rule can improve upon.

With d the Kullback-Leibler divergence of rewards and arm 1 the best, the characteristic time and its shares are

    1 / T = max_w min_a  w_1 d(mean_1, m_a) + w_a d(mean_a, m_a),        m_a = (w_1 mean_1 + w_a mean_a) / (w_1 + w_a)

Any rule that errs with probability delta needs T ln(1 / delta) units or more, nearly (Garivier and Kaufmann 2016,
theorem 1). In units of w_1 every other arm's share x_a makes all costs alike, x_a = x_a(y), and y solves

    F(y) = sum_a d(mean_1, m_a) / d(mean_a, m_a) = 1                                                      (theorem 5)
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from shared.errors import invalid_field
from shared.statistics.result import checks

Floats: TypeAlias = NDArray[np.float64]
Divergence: TypeAlias = Callable[[float, float], float]


class Allocation(NamedTuple):
    """Holds the best shares.

    Attributes:
        shares: Of the units for each arm, shape (K,), summing to 1.
        characteristic_time: T.
    """

    shares: Floats
    characteristic_time: float


def bernoulli_allocation(rates: ArrayLike) -> Allocation:
    """Returns the best shares for arms with Bernoulli rewards.

    Args:
        rates: Shape (K,), K of 2 or more, each above 0 and below 1, the largest only once.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    means = checks.shares("rates", rates)
    if ((means <= 0) | (means >= 1)).any():
        raise invalid_field("rates", "must be above 0 and below 1")
    return _allocation("rates", means, _bernoulli_divergence)


def normal_allocation(means: ArrayLike, *, variance: float) -> Allocation:
    """Returns the best shares for arms with normal rewards of one variance.

    Args:
        means: Shape (K,), K of 2 or more, the largest only once.
        variance: Above 0.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    scale = 2 * float(checks.positive("variance", variance))
    return _allocation("means", checks.finite("means", means), lambda first, second: (first - second) ** 2 / scale)


def _allocation(name: str, means: Floats, divergence: Divergence) -> Allocation:
    if means.ndim != 1 or means.size < 2 or (means == means.max()).sum() > 1:
        raise invalid_field(name, "must be those of 2 arms or more, one of them the best")
    best = int(means.argmax())
    top, others = float(means[best]), [float(mean) for mean in np.delete(means, best)]

    def costs(share: float, other: float) -> tuple[float, float]:
        both = (top + share * other) / (1 + share)
        return divergence(top, both), divergence(other, both)

    def relative_share(y: float, other: float) -> float:
        def lack(share: float) -> float:
            first, second = costs(share, other)
            return first + share * second - y

        enough = 1.0
        while lack(enough) < 0:
            enough *= 2
        return float(optimize.brentq(lack, 0.0, enough, xtol=1e-15, rtol=1e-14))

    def excess(y: float) -> float:
        found = [costs(relative_share(y, other), other) for other in others]
        return sum(first / second for first, second in found) - 1

    highest = min(divergence(top, other) for other in others)
    y = optimize.brentq(excess, highest * 1e-9, highest * (1 - 1e-9), xtol=1e-300, rtol=1e-14)
    shares = np.insert([relative_share(y, other) for other in others], best, 1.0)
    return Allocation(shares / shares.sum(), float(shares.sum() / y))


def _bernoulli_divergence(first: float, second: float) -> float:
    return float(special.rel_entr(first, second) + special.rel_entr(1 - first, 1 - second))
