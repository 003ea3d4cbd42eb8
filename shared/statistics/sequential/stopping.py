"""What a group-sequential experiment says once it has stopped: p-value, estimate and interval that allow for the looks.

Outcomes are ordered by the look at which they stop, and by Z within one (Fairbanks and Madsen 1982; Tsiatis, Rosner and
Mehta 1984). With Q(d) the probability, under drift d, to stop at an upper bound before, or with at least this Z now,

    p-value      Q(0) one-sided, 2 min(Q(0), 1 - Q(0)) two-sided: 2 Q(0) in the direction of the effect found
    estimate     where Q is 1/2, so that it is as often too large as too small
    interval     from Q = tail to Q = 1 - tail, tail being alpha, or alpha / 2 on each side

A drift is an effect over its standard error at the planned information. The look has to be the first one whose bound
was reached, or the last one; else there is no answer yet (`monitoring` has one at any look).
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.contrast import contrast
from shared.statistics.estimates.lift import one_sided
from shared.statistics.result import checks
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.result.obstacles import Obstacle
from shared.statistics.result.report import Interval, NotEstimable
from shared.statistics.sequential.group_sequential import Bounds, crossing_probabilities
from shared.statistics.sequential.looks import Looks

Floats: TypeAlias = NDArray[np.float64]

STAGEWISE: Final = Method(
    "group-sequential, stagewise ordering",
    Validity.PLANNED_LOOKS,
    (
        "units are independent of each other",
        "arms were randomised with weights that did not follow the data",
        "the arms' means are nearly normal",
        "the experiment stopped at the first look whose bound was reached, or at the last one",
    ),
    "Tsiatis, Rosner and Mehta 1984; Jennison and Turnbull 2000, chapter 8",
)


@dataclass(frozen=True, slots=True)
class StoppedDifference:
    """Holds differences of treatments and controls after stopping; NaN exactly where an obstacle is.

    Attributes:
        alpha: 1 minus the interval's confidence level.
        estimate: Median-unbiased, in the metric's unit.
        low, high: Ends of the interval, infinite where it is one-sided.
        p_value: Below alpha exactly where the interval leaves out 0.
        obstacle: `Obstacle` as int8.
        caution: `Caution` as int32.
    """

    method: Method
    alternative: Alternative
    alpha: float
    estimate: Floats
    low: Floats
    high: Floats
    p_value: Floats
    obstacle: NDArray[np.int8]
    caution: NDArray[np.int32]

    def report(self, *index: int) -> Interval | NotEstimable:
        """Returns one difference; the index has a number for each axis.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        obstacle = Obstacle(int(self.obstacle[index]))
        if obstacle:
            return NotEstimable(obstacle)
        return Interval(float(self.estimate[index]), float(self.low[index]), float(self.high[index]))


def stopped_difference(
    treatment: ArmEstimates,
    control: ArmEstimates,
    *,
    looks: Looks,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
) -> StoppedDifference:
    """Returns the differences of treatments and controls at the look at which the experiment stopped; shapes broadcast.

    Args:
        treatment: For example of shape (metrics, arms - 1).
        control: For example of shape (metrics, 1).
        looks: All looks up to the one that stopped it.
        alpha: Error rate of all looks together, in (0, 0.5).
        alternative: Which effects count.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    pair = contrast(treatment, control)
    bounds = looks.bounds(alpha, alternative)
    sign = _direction(pair.statistic, alternative)
    z = sign * pair.statistic
    with np.errstate(invalid="ignore"):
        has_stopped = looks.is_final | (z >= bounds.upper[-1])
    obstacle = np.where((pair.obstacle == 0) & ~has_stopped, Obstacle.NOT_STOPPED, pair.obstacle).astype(np.int8)
    tail = checks.alpha(alpha) / (2 if alternative is Alternative.TWO_SIDED else 1)
    answers = np.full((4, *z.shape), np.nan)
    for index in np.argwhere(obstacle == 0):
        place = tuple(index)
        answers[(slice(None), *place)] = _answers(bounds, looks, float(z[place]), tail)
    p, *drifts = answers
    unit = sign * pair.standard_error * np.sqrt(looks.information[-1])
    estimate, near, far = (drift * unit for drift in drifts)
    if alternative is Alternative.TWO_SIDED:
        p, low, high = np.minimum(2 * p, 1.0), np.minimum(near, far), np.maximum(near, far)
    else:
        low, high = one_sided(near, near, alternative)
    return StoppedDifference(
        method=STAGEWISE,
        alternative=alternative,
        alpha=alpha,
        estimate=estimate,
        low=low,
        high=high,
        p_value=p,
        obstacle=obstacle,
        caution=treatment.caution | control.caution,
    )


def _direction(statistic: Floats, alternative: Alternative) -> Floats:
    """Returns the sign of the effects that count: two-sided, that of the effect found, whose tail is then exact."""
    if alternative is Alternative.TWO_SIDED:
        return np.where(statistic < 0, -1.0, 1.0)
    return np.full(statistic.shape, -1.0 if alternative is Alternative.LESS else 1.0)


def _answers(bounds: Bounds, looks: Looks, z: float, tail: float) -> tuple[float, float, float, float]:
    """Returns Q(0) and the drifts where Q is 1/2, the tail, and 1 less the tail."""
    until = Bounds(np.append(bounds.lower[:-1], -np.inf), np.append(bounds.upper[:-1], z))

    def beyond(drift: float) -> float:
        return float(crossing_probabilities(until, looks.information, drift).upper.sum())

    centre = z / float(np.sqrt(looks.information[-1]))

    def drift_at(probability: float) -> float:
        reach = 1.0
        while beyond(centre - reach) > probability or beyond(centre + reach) < probability:
            reach *= 2
        return float(
            optimize.brentq(lambda d: beyond(d) - probability, centre - reach, centre + reach, xtol=1e-12, rtol=1e-13)
        )

    return beyond(0.0), drift_at(0.5), drift_at(tail), drift_at(1 - tail)
