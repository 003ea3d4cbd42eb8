"""What a claim comes down to: a statistic or two, and the probability that they show it.

A statistic is T - r C + margin over its standard error, with T and C the arms' values: r = 1 and no margin for
superiority, r = 1 and the margin in the metric's unit for absolute margins, r = 1 -+ margin for relative ones, whose
test is Fieller's at r. With N units of all arms together, w_t and w_c the arms' shares and v the variance of one unit:

    drift = gap / sqrt((v_t / w_t + r^2 v_c / w_c) / N)
"""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.planning.baseline import Baseline, MetricKind
from shared.statistics.planning.plan import Equivalence, Plan, StandardError
from shared.statistics.planning.rejection import rejection
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Obstacle

Floats: TypeAlias = NDArray[np.float64]


class Statistic(NamedTuple):
    """Holds what a one-sided statistic is made of; above 0 in the direction of the claim.

    Attributes:
        gap: Distance of the truth from the null, in the metric's unit.
        treatment_variance, control_variance: Of the statistic with one unit of all arms together.
        inflation: The test's standard error over the true one.
    """

    gap: Floats
    treatment_variance: Floats
    control_variance: Floats
    inflation: Floats

    @property
    def variance(self) -> Floats:
        """Returns the variance with one unit of all arms together."""
        return self.treatment_variance + self.control_variance

    def drift(self, unit_count: Floats) -> Floats:
        """Returns the mean of the statistic over its standard error, with so many units of all arms together."""
        return np.asarray(self.gap * np.sqrt(unit_count / self.variance))


def statistics(baseline: Baseline, plan: Plan, difference: Floats) -> tuple[Statistic, ...]:
    """Returns the statistics that must all be beyond their critical values; NaN where no treatment can be so."""
    one_side = (-1.0,) if plan.alternative is Alternative.LESS else (1.0,)
    sides = (1.0, -1.0) if isinstance(plan.claim, Equivalence) else one_side
    return tuple(_statistic(baseline, plan, difference, side) for side in sides)


def showing_probability(baseline: Baseline, plan: Plan, difference: Floats, unit_count: Floats) -> Floats:
    """Returns the probability that a comparison shows its claim, NaN where no treatment can be so.

    Two one-sided tests both succeed with P_1 + P_2 - 1, but for the event that both fail: with a standard error that
    is known it needs an interval wider than both margins, in which neither could succeed.
    """
    found = [
        rejection(
            plan,
            drift=one.drift(unit_count),
            freedom=_freedom(baseline, plan, one, unit_count),
            inflation=one.inflation,
        )
        for one in statistics(baseline, plan, difference)
    ]
    return np.asarray(found[0] if len(found) == 1 else np.maximum(found[0] + found[1] - 1, 0.0))


def obstacle(baseline: Baseline, plan: Plan, difference: Floats) -> NDArray[np.int8]:
    """Returns what keeps the claim from being judged at all, `Obstacle` as int8."""
    impossible = np.isnan(baseline.treatment_variance(difference))
    found = np.where(impossible, Obstacle.IMPOSSIBLE_VALUE, Obstacle.NONE)
    return np.where(plan.is_relative & (baseline.value == 0), Obstacle.ZERO_CONTROL, found).astype(np.int8)


def least_unit_count(baseline: Baseline, plan: Plan) -> Floats:
    """Returns the units of all arms together with which the smaller of the two arms has two clusters."""
    return 2 * baseline.units_per_cluster / min(plan.treatment_share, plan.shares[0])


def _statistic(baseline: Baseline, plan: Plan, difference: Floats, side: float) -> Statistic:
    """Returns the statistic of one side: 1 for effects that are high enough, -1 for ones that are low enough."""
    margin, ratio = plan.margin, np.ones(())
    if plan.is_relative:
        margin, ratio = margin * np.abs(baseline.value), 1 - side * margin * np.sign(baseline.value)
    treatment = baseline.treatment_variance(difference) / plan.treatment_share
    control = ratio**2 * baseline.variance / plan.shares[0]
    gap = side * difference + margin
    return Statistic(*np.broadcast_arrays(gap, treatment, control, _inflation(baseline, plan, difference)))


def _inflation(baseline: Baseline, plan: Plan, difference: Floats) -> Floats:
    """Returns the pooled standard error over the true one: the pooled value lies between the arms' by their shares."""
    if plan.standard_error is StandardError.UNPOOLED:
        return np.ones(())
    treatment, control = plan.treatment_share, plan.shares[0]
    middle = baseline.treatment_variance(difference * treatment / (treatment + control))
    pooled = middle * (1 / treatment + 1 / control)
    return np.sqrt(pooled / (baseline.treatment_variance(difference) / treatment + baseline.variance / control))


def _freedom(baseline: Baseline, plan: Plan, statistic: Statistic, unit_count: Floats) -> Floats:
    """Returns Welch-Satterthwaite degrees of freedom, Student's where pooled; inf for metrics other than means."""
    clusters = unit_count / baseline.units_per_cluster
    first, second = clusters * plan.treatment_share - 1, clusters * plan.shares[0] - 1
    if plan.standard_error is StandardError.POOLED:
        freedom = first + second
    else:
        squares = statistic.treatment_variance**2 / first + statistic.control_variance**2 / second
        freedom = statistic.variance**2 / squares
    normal = ~np.isin(baseline.kind, (MetricKind.MEAN, MetricKind.RATIO)) & (baseline.units_per_cluster == 1)
    return np.asarray(np.where(normal, np.inf, freedom))
