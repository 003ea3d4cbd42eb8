"""How many units a plan needs."""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.statistics.planning.answers import SampleSize
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.cautions import cautions
from shared.statistics.planning.claims import least_unit_count, obstacle, showing_probability, statistics
from shared.statistics.planning.methods import method_of
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.roots import rising_root, upper_bracket
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Obstacle

Floats: TypeAlias = NDArray[np.float64]

_MOST_LOG_UNITS: Final = 700.0
"""Near the largest number that there is."""


def sample_size(baseline: Baseline, plan: Plan, *, difference: ArrayLike) -> SampleSize:
    """Returns the least number of units with which each comparison has `plan.comparison_power`.

    No arm gets fewer than two units, or two clusters, however large the effect.

    Args:
        baseline: The metrics under control.
        plan: How they are judged.
        difference: True effect, treatment minus control, in the metric's unit; `lift * abs(baseline.value)` for a lift.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    change = checks.finite("difference", difference)
    checks.same_shape(difference=change, baseline=baseline.value, margin=plan.margin)
    blocked = _obstacle(baseline, plan, change)
    total = np.where(blocked == 0, _total(baseline, plan, change, blocked == 0), np.nan)
    arms = np.ceil(total[..., None] * np.array(plan.shares) * (1 - 1e-12))
    return SampleSize(
        method=method_of(plan),
        total=total,
        arms=arms,
        obstacle=blocked,
        caution=np.broadcast_to(cautions(baseline, plan, change, total), total.shape),
    )


def _obstacle(baseline: Baseline, plan: Plan, change: Floats) -> NDArray[np.int8]:
    found = statistics(baseline, plan, change)
    gap = np.minimum.reduce([np.abs(one.gap) if plan.is_two_sided else one.gap for one in found])
    blocked = obstacle(baseline, plan, change)
    return np.where((blocked == 0) & ~(gap > 0), np.int8(Obstacle.EFFECT_NOT_CLAIMED), blocked)


def _total(baseline: Baseline, plan: Plan, change: Floats, reachable: NDArray[np.bool_]) -> Floats:
    """Returns the root of power in the logarithm of the units; anything where it cannot be reached."""

    def lack(log_units: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            shown = showing_probability(baseline, plan, change, np.exp(log_units))
        return np.where(reachable, shown - plan.comparison_power, 0.0)

    least = np.broadcast_to(least_unit_count(baseline, plan), reachable.shape)
    start = np.log(least)
    found = rising_root(lack, start, upper_bracket(lack, start, np.full(start.shape, _MOST_LOG_UNITS)))
    return np.maximum(np.exp(found), least)
