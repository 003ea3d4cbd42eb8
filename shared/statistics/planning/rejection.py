"""How likely one statistic is to be beyond its critical value."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from shared.statistics.fixed.difference import critical_value
from shared.statistics.planning.monitoring import FixedLook
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.survival import survival
from shared.statistics.result.method import Alternative

Floats: TypeAlias = NDArray[np.float64]


def rejection(plan: Plan, *, drift: Floats, freedom: Floats, inflation: Floats) -> Floats:
    """Returns the probability that a comparison's statistic shows the claim by the end.

    At a fixed look it is that of noncentral t beyond the critical value, in both tails where both count; monitored
    statistics are taken as normal.

    Args:
        plan: Of which alpha, the alternative and the monitoring are used.
        drift: Effect over its standard error at the end, above 0 in the direction of the claim.
        freedom: Degrees of freedom, inf for a normal statistic.
        inflation: The test's standard error over the true one.
    """
    if not isinstance(plan.monitoring, FixedLook):
        walks = survival(plan.monitoring, alpha=plan.comparison_alpha, is_two_sided=plan.is_two_sided)
        return walks.crossed(drift)
    alternative = Alternative.TWO_SIDED if plan.is_two_sided else Alternative.GREATER
    critical = critical_value(freedom, plan.comparison_alpha, alternative) * inflation
    above = _above(critical, drift, freedom)
    return above + _above(critical, -drift, freedom) if plan.is_two_sided else above


def _above(critical: Floats, drift: Floats, freedom: Floats) -> Floats:
    """Returns P(T > critical) for noncentral t."""
    critical, drift, freedom = np.broadcast_arrays(critical, drift, freedom)
    result = np.array(special.ndtr(drift - critical))
    finite = np.isfinite(freedom)
    found = special.nctdtr(freedom[finite], -drift[finite], -critical[finite])
    # SciPy says NaN for some probabilities that are within 2e-14 of 0 or 1, where the normal one is as good.
    result[finite] = np.where(np.isnan(found), result[finite], found)
    return result
