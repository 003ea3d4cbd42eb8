"""Which effect a plan can show with the units that it gets."""

from numpy.typing import ArrayLike

from shared.statistics.planning.answers import MinimumEffect
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.plan import Plan


def minimum_effect(baseline: Baseline, plan: Plan, *, unit_count: ArrayLike) -> MinimumEffect:
    """Returns the effect nearest to the null that each comparison shows with `plan.comparison_power` (MDE).

    Args:
        baseline: The metrics under control.
        plan: How they are judged.
        unit_count: Units of all arms together at the end, above 0; broadcasts with the baselines.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    raise NotImplementedError
