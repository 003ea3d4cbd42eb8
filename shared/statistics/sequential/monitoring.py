"""Treatment against control at one of several planned looks: repeated intervals, and the answers once it has stopped.

At look k with bound c_k (`z_bounds`; Z is the difference in standard errors):

    difference   d +- c_k SE, the repeated confidence interval (Jennison and Turnbull 1989)
    lift         Fieller's interval with c_k in place of a quantile
    p-value      the least error rate whose bound at this look is reached

All hold at all looks together, whether or not anybody stops. Once it has stopped, `stopping` says more.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.contrast import contrast
from shared.statistics.result import checks
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.sequential.looks import Looks

Floats: TypeAlias = NDArray[np.float64]

REPEATED: Final = Method(
    "group-sequential, repeated confidence interval; Fieller's interval for the lift",
    Validity.PLANNED_LOOKS,
    (
        "units are independent of each other",
        "arms were randomised with weights that did not follow the data",
        "the arms' means are nearly normal",
        "when looks happen does not follow the results, and there are no others",
    ),
    "Lan and DeMets 1983; Jennison and Turnbull 1989; Fieller 1954",
)

_LEAST, _LARGEST = 1e-12, 0.5 - 1e-9
"""P-values are told apart in between: below they are given as the least, above as 1."""

_FAR: Final = 40.0
"""Stands for a look without a bound."""


def group_sequential_comparison(
    treatment: ArmEstimates,
    control: ArmEstimates,
    *,
    looks: Looks,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
    method: Method = REPEATED,
) -> Comparison:
    """Returns the effects of treatments against controls at the latest look; shapes broadcast.

    The interval of the difference leaves out 0 exactly where the bound of this look is reached. A look that may spend
    nothing yet gives intervals without ends and p-values of 1.

    Args:
        treatment: For example of shape (metrics, arms - 1).
        control: For example of shape (metrics, 1).
        looks: All looks so far.
        alpha: Error rate of all looks together, in (0, 0.5).
        alternative: Which effects count.
        method: What the estimates are called, where they are not plain means.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    pair = contrast(treatment, control)
    reached = _towards(pair.statistic, alternative)
    levels = {z: _repeated_p_value(looks, z, alternative) for z in np.unique(reached[~np.isnan(reached)]).tolist()}
    return pair.comparison(
        quantile=np.asarray(looks.bounds(alpha, alternative).upper[-1]),
        p_value=np.vectorize(lambda z: levels.get(z, np.nan), otypes=[np.float64])(reached),
        alpha=checks.alpha(alpha),
        alternative=alternative,
        method=method,
    )


def _towards(statistic: Floats, alternative: Alternative) -> Floats:
    """Returns how far Z is in the direction that counts."""
    if alternative is Alternative.TWO_SIDED:
        return np.abs(statistic)
    return statistic if alternative is Alternative.GREATER else -statistic


def _repeated_p_value(looks: Looks, z: float, alternative: Alternative) -> float:
    """Returns the least error rate whose bound at the latest look is at most z."""

    def gap(log_alpha: float) -> float:
        return min(float(looks.bounds(float(np.exp(log_alpha)), alternative).upper[-1]), _FAR) - z

    least, largest = float(np.log(_LEAST)), float(np.log(_LARGEST))
    if gap(largest) > 0:
        return 1.0
    if gap(least) <= 0:
        return _LEAST
    return float(np.exp(optimize.brentq(gap, least, largest, xtol=1e-12, rtol=1e-13)))
