"""How likely a plan is to show what it claims."""

from numpy.typing import ArrayLike

from shared.statistics.planning.answers import Power
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.plan import Plan


def power(baseline: Baseline, plan: Plan, *, difference: ArrayLike, unit_count: ArrayLike) -> Power:
    """Returns the probability that a comparison shows its claim by the end.

    Args:
        baseline: The metrics under control.
        plan: How they are judged.
        difference: True effect, treatment minus control, in the metric's unit; `lift * abs(baseline.value)` for a lift.
        unit_count: Units of all arms together at the end, above 0; broadcasts with the rest.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    raise NotImplementedError
