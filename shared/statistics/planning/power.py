"""How likely a plan is to show what it claims, and how soon."""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.planning.answers import Power
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.cautions import cautions
from shared.statistics.planning.claims import least_unit_count, obstacle, showing_probability, statistics
from shared.statistics.planning.methods import method_of
from shared.statistics.planning.monitoring import FixedLook
from shared.statistics.planning.plan import Equivalence, Plan
from shared.statistics.planning.survival import survival
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Obstacle

Floats: TypeAlias = NDArray[np.float64]


def power(baseline: Baseline, plan: Plan, *, difference: ArrayLike, unit_count: ArrayLike) -> Power:
    """Returns the probability that a comparison shows its claim by the end.

    Two-sided, an effect that is shown with the wrong sign counts, too, as it does in published tables of the t-test.

    Args:
        baseline: The metrics under control.
        plan: How they are judged.
        difference: True effect, treatment minus control, in the metric's unit; `lift * abs(baseline.value)` for a lift.
        unit_count: Units of all arms together at the end, above 0; broadcasts with the rest.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    change, units = checks.finite("difference", difference), checks.positive("unit_count", unit_count)
    checks.same_shape(difference=change, unit_count=units, baseline=baseline.value, margin=plan.margin)
    enough = units >= least_unit_count(baseline, plan)
    with np.errstate(invalid="ignore", divide="ignore"):
        shown = showing_probability(baseline, plan, change, np.where(enough, units, np.inf))
    blocked = obstacle(baseline, plan, change)
    blocked = np.where((blocked == 0) & ~enough, np.int8(Obstacle.TOO_FEW_UNITS), blocked)
    return Power(
        method=method_of(plan),
        value=np.where(blocked == 0, shown, np.nan),
        obstacle=np.broadcast_to(blocked, shown.shape),
        caution=np.broadcast_to(cautions(baseline, plan, change, units), shown.shape),
    )


def expected_unit_count(baseline: Baseline, plan: Plan, *, difference: ArrayLike, unit_count: ArrayLike) -> Floats:
    """Returns the mean number of units when a monitored experiment stops: at the first look that shows the claim.

    Args:
        baseline: As for `power`.
        plan: Monitored, with any claim but equivalence, whose tests may be shown at different looks.
        difference: As for `power`.
        unit_count: As for `power`: those at the last look.

    Returns:
        Units of all arms together, NaN where `power` has an obstacle.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    if isinstance(plan.claim, Equivalence):
        raise invalid_field("plan", "an equivalence test has no single stopping time")
    answer = power(baseline, plan, difference=difference, unit_count=unit_count)
    units = checks.positive("unit_count", unit_count)
    if isinstance(plan.monitoring, FixedLook):
        return np.asarray(np.where(answer.obstacle == 0, units, np.nan))
    walks = survival(plan.monitoring, alpha=plan.comparison_alpha, is_two_sided=plan.is_two_sided)
    (one,) = statistics(baseline, plan, checks.finite("difference", difference))
    return np.asarray(np.where(answer.obstacle == 0, units * walks.expected_time(one.drift(units)), np.nan))
