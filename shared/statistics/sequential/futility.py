"""When to give up: bounds that spend the rate of missed effects, conditional and predictive power.

All are about Z in the direction of the alternative. B(t) = Z sqrt(t) has mean drift * t, and the final look, at
information 1, finds an effect with Z >= bound.

    conditional power   Phi((B(t) + drift (1 - t) - bound) / sqrt(1 - t))    Lan, Simon and Halperin 1982
    predictive power    Phi((Z - bound sqrt(t)) / sqrt(1 - t))               Jennison and Turnbull 2000, section 10.4:
                        conditional power averaged over drifts as likely as the data make them (flat prior)

Bounds are not binding: efficacy bounds do not count on them, so that going on regardless keeps the error rate.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from shared.errors import invalid_field
from shared.statistics.result import checks
from shared.statistics.result.method import Alternative
from shared.statistics.sequential import crossing
from shared.statistics.sequential.crossing import START, Walks
from shared.statistics.sequential.group_sequential import Bounds, checked_information, drift_for_power, z_bounds
from shared.statistics.sequential.spending import Spending

Floats: TypeAlias = NDArray[np.float64]

_NEGLIGIBLE: Final = 1e-14
"""A look that may miss less than this does not give up."""


class FutilityPlan(NamedTuple):
    """Holds bounds for success and for giving up, which meet at the last look.

    Attributes:
        bounds: Upper ones for success, lower ones for giving up.
        drift: With which the power is what was asked for, giving up included: mean of Z at information 1.
    """

    bounds: Bounds
    drift: float


def futility_plan(
    information: Sequence[float],
    *,
    alpha: float,
    power: float,
    spending: Spending,
    futility_spending: Spending,
) -> FutilityPlan:
    """Returns one-sided bounds that spend alpha above, and 1 - power below (Pampallona, Tsiatis and Kim 2001).

    Args:
        information: Of all looks, ascending to 1.
        alpha: Error rate without an effect, in (0, 0.5).
        power: With the plan's drift, above 0.5 and below 1.
        spending: Of alpha.
        futility_spending: Of 1 - power.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    times = checked_information(information)
    if not 0.5 < power < 1:
        raise invalid_field("power", f"{power!r}, must be above 0.5 and below 1")
    if times[-1] != 1:
        raise invalid_field("information", f"ends at {times[-1]:g}, must end at 1")
    upper = z_bounds(information, alpha=alpha, alternative=Alternative.GREATER, spending=spending).upper
    missed = futility_spending.spent(times, 1 - power)
    least = drift_for_power(Bounds(np.full(len(times), -np.inf), upper), information, power)

    def gap(drift: float) -> float:
        return float(upper[-1] - _lower(times, upper, missed, drift)[-1])

    farthest = least + 0.5
    while gap(farthest) > 0:
        farthest += 0.5
    drift = float(optimize.brentq(gap, least - 1e-6, farthest, xtol=1e-12, rtol=1e-13))
    lower = _lower(times, upper, missed, drift)
    return FutilityPlan(Bounds(np.append(lower[:-1], upper[-1]), upper), drift)


def conditional_power(statistic: ArrayLike, information: float, *, bound: float, drift: ArrayLike) -> Floats:
    """Returns the probability that the final look finds an effect, given Z now.

    Args:
        statistic: Z now, in the direction of the alternative.
        information: Now, in (0, 1).
        bound: Of Z at the final look.
        drift: Mean of Z at information 1: that of the plan, or Z / sqrt(information) for the trend so far.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    time = _checked_time(information)
    value = checks.finite("statistic", statistic) * np.sqrt(time) + checks.finite("drift", drift) * (1 - time)
    return np.asarray(special.ndtr((value - bound) / np.sqrt(1 - time)))


def predictive_power(statistic: ArrayLike, information: float, *, bound: float) -> Floats:
    """Returns the conditional power, averaged over what the data say of the drift; arguments as for it.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    time = _checked_time(information)
    return np.asarray(special.ndtr((checks.finite("statistic", statistic) - bound * np.sqrt(time)) / np.sqrt(1 - time)))


def _lower(times: Floats, upper: Floats, missed: Floats, drift: float) -> Floats:
    """Returns the bounds with which, by each look, the given part of experiments with that drift has given up."""
    lower = np.full(len(times), -np.inf)
    walks, used = START, 0.0
    for look, time in enumerate(times):
        target = float(missed[look]) - used
        if target >= _NEGLIGIBLE:
            lower[look] = _bound_below(walks, float(time), target, drift)
            used = float(missed[look])
        if look < len(times) - 1 and np.isfinite([lower[look], upper[look]]).any():
            low, high = float(lower[look]), float(upper[look])
            step = float(times[look + 1] - time)
            walks = crossing.stay(walks, float(time), low, high, drift=drift, next_step=step)
    return lower


def _bound_below(walks: Walks, time: float, target: float, drift: float) -> float:
    """Returns the z with P(no stop before, Z <= z) = target."""
    centre = drift * float(np.sqrt(time))

    def excess(z: float) -> float:
        return float(np.log(crossing.below(walks, time, z, drift) + 1e-300) - np.log(target))

    farthest = centre + 9.0
    if excess(farthest) <= 0:
        return farthest
    return float(optimize.brentq(excess, centre - 9.0, farthest, xtol=1e-13, rtol=1e-13))


def _checked_time(information: float) -> float:
    if not 0 < information < 1:
        raise invalid_field("information", f"{information!r}, must be above 0 and below 1")
    return float(information)
