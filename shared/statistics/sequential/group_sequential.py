"""Group-sequential bounds: planned looks that spend one error rate, computed exactly.

At look k with information t_k (a share of the planned one) the statistic is Z_k, jointly normal with mean
drift * sqrt(t_k) and covariance sqrt(t_j / t_k) for j <= k (Jennison and Turnbull 2000, chapter 3). `Bounds` always
speak of Z in the direction of the alternative: for LESS they are meant for -Z.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from shared.errors import invalid_field
from shared.statistics.result import checks
from shared.statistics.result.method import Alternative
from shared.statistics.sequential import crossing
from shared.statistics.sequential.crossing import START, Walks
from shared.statistics.sequential.spending import Spending

Floats: TypeAlias = NDArray[np.float64]

SMALLEST_STEP: Final = 1e-4
"""Of the information since the look before, relative to that at the look."""

_NEGLIGIBLE: Final = 1e-14
"""A look that may spend less than this has no bound; what it may spend is left to the next one."""

_FARTHEST: Final = 9.0
"""No bound is farther out: beyond it lies less than `_NEGLIGIBLE`."""

_DRIFTS: Final = tuple(2.0**power for power in range(16))
"""Where the drift for a power is looked for, from near to far."""


class Bounds(NamedTuple):
    """Holds the values of Z at which an experiment stops, one for each look; infinite where it does not.

    Attributes:
        lower: Stops with Z at or below; -inf for one-sided tests without futility.
        upper: Stops with Z at or above.
    """

    lower: Floats
    upper: Floats


class Crossing(NamedTuple):
    """Holds the probability to stop at each look, for the first time, at either bound."""

    lower: Floats
    upper: Floats


def z_bounds(
    information: Sequence[float],
    *,
    alpha: float,
    alternative: Alternative,
    spending: Spending,
    is_final: bool = False,
) -> Bounds:
    """Returns the bounds that spend the error rate as the spending function says (Lan and DeMets 1983).

    Two-sided, each side spends alpha / 2. Bounds of past looks depend on past information only, so that neither the
    number of looks nor their times have to be known beforehand, as long as they do not follow the results.

    Args:
        information: Of the looks so far, ascending shares of the planned one; above 1 for an overrun.
        alpha: Error rate of all looks together, in (0, 0.5).
        alternative: TWO_SIDED, or one side without a lower bound.
        spending: How the error rate is spread over the information.
        is_final: Whether the last look is the last ever, although information is below 1 (an underrun): it then
            spends what is left.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    times = checked_information(information)
    level = checks.alpha(alpha) / (2 if alternative is Alternative.TWO_SIDED else 1)
    spent = spending.spent(np.append(times[:-1], 1.0) if is_final else times, level)
    return bounds_at(times, spent, is_two_sided=alternative is Alternative.TWO_SIDED)


def pocock_bounds(information: Sequence[float], *, alpha: float, alternative: Alternative) -> Bounds:
    """Returns bounds that are the same at each look (Pocock 1977); all looks have to be known beforehand.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    return _scaled_bounds(checked_information(information), alpha, alternative, np.ones_like)


def obrien_fleming_bounds(information: Sequence[float], *, alpha: float, alternative: Alternative) -> Bounds:
    """Returns bounds that fall as 1 / sqrt(t) (O'Brien and Fleming 1979); all looks have to be known beforehand.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    return _scaled_bounds(checked_information(information), alpha, alternative, lambda t: np.sqrt(t[-1] / t))


def crossing_probabilities(bounds: Bounds, information: Sequence[float], drift: float) -> Crossing:
    """Returns how likely the experiment stops at each look; without drift, the error rate that each look uses.

    Args:
        bounds: One for each look.
        information: Ascending, as for `z_bounds`.
        drift: Mean of Z at information 1: effect over its standard error there.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    times = checked_information(information)
    if not len(bounds.lower) == len(bounds.upper) == len(times):
        raise invalid_field("bounds", f"{len(bounds.upper)} bounds for {len(times)} looks")
    lower, upper = np.zeros(len(times)), np.zeros(len(times))
    walks = START
    for look, time in enumerate(times):
        low, high = float(bounds.lower[look]), float(bounds.upper[look])
        upper[look] = crossing.above(walks, time, high, drift)
        lower[look] = crossing.below(walks, time, low, drift)
        walks = _stay(walks, times, look, (low, high), drift)
    return Crossing(lower, upper)


def drift_for_power(bounds: Bounds, information: Sequence[float], power: float) -> float:
    """Returns the drift, above 0, with which the upper bound is reached at some look with the given probability.

    The square of its ratio to z_alpha + z_power of a test with one look is the inflation of the sample size.

    Raises:
        InvalidArgument: INVALID_FIELD: the power is not in (error rate, 1).
    """

    def lack(drift: float) -> float:
        return float(crossing_probabilities(bounds, information, drift).upper.sum()) - power

    farthest = next((drift for drift in _DRIFTS if 0 < power < 1 and lack(drift) > 0), 0.0)
    if not farthest or lack(0.0) >= 0:
        raise invalid_field("power", f"{power!r}, must be above the error rate, below 1, and in reach of the bounds")
    return float(optimize.brentq(lack, 0.0, farthest, xtol=1e-12, rtol=1e-13))


def bounds_at(times: Floats, spent: ArrayLike, *, is_two_sided: bool) -> Bounds:
    """Returns the bounds with which, by each look, one side has spent what is given; arguments are not checked."""
    upper = np.full(len(times), np.inf)
    walks, used = START, 0.0
    for look, (time, allowed) in enumerate(zip(times, np.asarray(spent, dtype=np.float64), strict=True)):
        if allowed - used >= _NEGLIGIBLE:
            upper[look] = _bound(walks, time, allowed - used, is_two_sided=is_two_sided)
            used = float(allowed)
        walks = _stay(walks, times, look, (-upper[look] if is_two_sided else -np.inf, upper[look]), 0.0)
    return Bounds(-upper if is_two_sided else np.full(len(times), -np.inf), upper)


def checked_information(information: Sequence[float]) -> Floats:
    """Returns the information fractions; they have to rise, by a 10,000th at least.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    times = checks.positive("information", information)
    if times.ndim != 1 or not len(times):
        raise invalid_field("information", "must be a list of one or more shares")
    if any(later - earlier < SMALLEST_STEP * later for earlier, later in pairwise(times)):
        raise invalid_field("information", f"must rise from look to look, by {SMALLEST_STEP:g} of itself at least")
    return times


def _scaled_bounds(times: Floats, alpha: float, alternative: Alternative, shape: Callable[[Floats], Floats]) -> Bounds:
    """Returns constant * shape(t) with the constant that makes the error rates of all looks sum to alpha."""
    is_two_sided = alternative is Alternative.TWO_SIDED
    level = checks.alpha(alpha) / (2 if is_two_sided else 1)

    def scaled(constant: float) -> Bounds:
        upper = constant * shape(times)
        return Bounds(-upper if is_two_sided else np.full(len(times), -np.inf), upper)

    def excess(constant: float) -> float:
        return float(crossing_probabilities(scaled(constant), list(times), 0.0).upper.sum()) - level

    return scaled(optimize.brentq(excess, 0.0, _FARTHEST, xtol=1e-13, rtol=1e-13))


def _bound(walks: Walks, time: float, target: float, *, is_two_sided: bool) -> float:
    """Returns the z with P(no stop before, Z >= z) = target."""

    def excess(z: float) -> float:
        return float(np.log(crossing.above(walks, time, z, 0.0) + 1e-300) - np.log(target))

    nearest = 0.0 if is_two_sided else -_FARTHEST
    if excess(nearest) <= 0:
        return nearest
    return float(optimize.brentq(excess, nearest, _FARTHEST, xtol=1e-13, rtol=1e-13))


def _stay(walks: Walks, times: Floats, look: int, bounds: tuple[float, float], drift: float) -> Walks:
    """Returns the walks that go on; a look that stops nobody is no look, and after the last one nobody goes on."""
    if look == len(times) - 1 or not np.isfinite(bounds).any():
        return walks
    next_step = float(times[look + 1] - times[look])
    return crossing.stay(walks, float(times[look]), *bounds, drift=drift, next_step=next_step)
