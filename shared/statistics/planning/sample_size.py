"""How many units a plan needs."""

from numpy.typing import ArrayLike

from shared.statistics.planning.answers import SampleSize
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.plan import Plan


def sample_size(baseline: Baseline, plan: Plan, *, difference: ArrayLike) -> SampleSize:
    """Returns the least number of units with which each comparison has `plan.comparison_power`.

    Args:
        baseline: The metrics under control.
        plan: How they are judged.
        difference: True effect, treatment minus control, in the metric's unit; `lift * abs(baseline.value)` for a lift.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    raise NotImplementedError
