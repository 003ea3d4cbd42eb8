"""Which effect a plan can show with the units that it gets."""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.statistics.planning.answers import MinimumEffect
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.cautions import cautions
from shared.statistics.planning.claims import least_unit_count, obstacle, showing_probability, statistics
from shared.statistics.planning.methods import method_of
from shared.statistics.planning.plan import Equivalence, Plan
from shared.statistics.planning.roots import rising_root, upper_bracket
from shared.statistics.result import checks
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Obstacle

Floats: TypeAlias = NDArray[np.float64]


def minimum_effect(baseline: Baseline, plan: Plan, *, unit_count: ArrayLike) -> MinimumEffect:
    """Returns the effect nearest to the null that each comparison shows with `plan.comparison_power` (MDE).

    Two-sided, it is the one above 0: on the other side, metrics whose variance follows their value have another.

    Args:
        baseline: The metrics under control.
        plan: How they are judged.
        unit_count: Units of all arms together at the end, above 0; broadcasts with the baselines.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    units = checks.positive("unit_count", unit_count)
    checks.same_shape(unit_count=units, baseline=baseline.value, margin=plan.margin)
    enough = units >= least_unit_count(baseline, plan)
    search = _equivalent if isinstance(plan.claim, Equivalence) else _nearest
    with np.errstate(invalid="ignore", divide="ignore"):
        found, reached = search(baseline, plan, np.where(enough, units, np.inf))
    blocked = obstacle(baseline, plan, np.zeros(()))
    blocked = np.where((blocked == 0) & ~enough, np.int8(Obstacle.TOO_FEW_UNITS), blocked)
    blocked = np.where((blocked == 0) & ~reached, np.int8(Obstacle.NOT_REACHABLE), blocked)
    difference = np.where(blocked == 0, found, np.nan)
    lift_obstacle = np.where((blocked == 0) & (baseline.value == 0), np.int8(Obstacle.ZERO_CONTROL), blocked)
    with np.errstate(invalid="ignore", divide="ignore"):
        lift = np.where(lift_obstacle == 0, difference / np.abs(baseline.value), np.nan)
    return MinimumEffect(
        method=method_of(plan),
        difference=difference,
        lift=lift,
        obstacle=blocked,
        lift_obstacle=lift_obstacle,
        caution=np.broadcast_to(cautions(baseline, plan, difference, units), difference.shape),
    )


def _nearest(baseline: Baseline, plan: Plan, units: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Returns the effect at which power, rising from the null on, reaches the plan's, and whether it does."""
    side = -1.0 if plan.alternative is Alternative.LESS else 1.0
    (null,) = statistics(baseline, plan, np.zeros(()))
    behind, ahead = baseline.room if side > 0 else baseline.room[::-1]
    first = np.maximum(-null.gap, -behind) + np.zeros(units.shape)

    def effect(steps: Floats) -> Floats:
        return np.asarray(side * np.minimum(first + steps, ahead))

    def lack(steps: Floats) -> Floats:
        return np.asarray(showing_probability(baseline, plan, effect(steps), units) - plan.comparison_power)

    nothing = np.zeros(first.shape)
    end = upper_bracket(lack, np.sqrt(null.variance / units) + nothing, ahead - first)
    return effect(rising_root(lack, nothing, end)), ~(lack(end) < 0)


def _equivalent(baseline: Baseline, plan: Plan, units: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Returns the largest effect above 0 at which power, falling from 0 on, is the plan's still, and whether any is."""
    null, _ = statistics(baseline, plan, np.zeros(()))

    def excess(effect: Floats) -> Floats:
        return np.asarray(plan.comparison_power - showing_probability(baseline, plan, effect, units))

    nothing = np.zeros(np.broadcast_shapes(units.shape, null.gap.shape))
    end = np.minimum(null.gap, baseline.room[1]) + nothing
    return rising_root(excess, nothing, end), excess(nothing) <= 0
