"""What may still be gained by going on: how much better than the leading arm the best one could be.

With theta_* the arm that is most probably best, the value remaining is (max_j theta_j - theta_*) / |theta_*|, or
(theta_* - min_j theta_j) / |theta_*| where lower is better; its 95 % quantile is the potential value remaining (Scott
2015, "Multi-armed bandit experiments in the online service economy", section 4). Scott draws from the posterior; here
its distribution function is an integral over theta_*, and nothing is drawn:

    P(value remaining <= v) = integral f_*(x) prod_{j != *} F_j(x + v |x|) dx
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.statistics.bayesian.answer import NO_STOPPING_RULE
from shared.statistics.bayesian.best_arm import best_arms
from shared.statistics.bayesian.linear_chance import chance_of, quantile
from shared.statistics.bayesian.posterior import Posterior
from shared.statistics.result import checks
from shared.statistics.result.method import Method, Validity
from shared.statistics.result.obstacles import Obstacle
from shared.statistics.result.report import NotEstimable

Floats = NDArray[np.float64]

VALUE_REMAINING: Final = Method(
    "Potential value remaining, by quadrature",
    Validity.BAYESIAN,
    (
        "units are independent of each other",
        "the prior is what was known beforehand",
        "the model is right: binomial, normal or Poisson values",
        "a small value says that little can be gained by going on, not that the leader is better than the others: "
        + NO_STOPPING_RULE,
    ),
    "Scott 2015, section 4",
)


@dataclass(frozen=True, slots=True)
class ValueRemaining:
    """Holds what may be gained beyond the leading arm; arrays have shape S.

    Attributes:
        alpha: 1 minus the quantile's probability.
        leader: Position of the arm that is most probably best; -1 where no arm can be estimated.
        potential: The quantile of the value remaining; 0.01 is 1 % of the leader's value. 0 where the leader is best
            with that probability.
        obstacle: `Obstacle` as int8.
    """

    method: Method
    alpha: float
    leader: NDArray[np.int64]
    potential: Floats
    obstacle: NDArray[np.int8]

    def report(self, *index: int) -> float | NotEstimable:
        """Returns one potential value remaining; the index has a number for each axis.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        obstacle = Obstacle(int(self.obstacle[index]))
        return NotEstimable(obstacle) if obstacle else float(self.potential[index])


def value_remaining(posterior: Posterior, *, lower_is_better: ArrayLike = False, alpha: float = 0.05) -> ValueRemaining:
    """Returns the 1 - alpha quantile of the value remaining; arms are the last axis.

    It is right to about 1e-6 of itself. Arms with an obstacle are left out.

    Args:
        posterior: Shape S + (K,).
        lower_is_better: Broadcast to S.
        alpha: 1 minus the quantile's probability.

    Raises:
        InvalidArgument: INVALID_FIELD: alpha is not in (0, 0.5), no axis of arms, or shapes that do not fit.
    """
    alpha = checks.alpha(alpha)
    best = best_arms(posterior, lower_is_better=lower_is_better)
    shape = posterior.shape[:-1]
    lower = np.broadcast_to(np.asarray(lower_is_better, np.bool_), shape)
    leader = np.where(np.isnan(best.probability), -1.0, best.probability).argmax(axis=-1)
    potential, obstacle = np.full(shape, np.nan), np.zeros(shape, np.int8)
    for row in np.ndindex(shape):
        arms = posterior[row]
        obstacle[row] = _obstacle(arms[int(leader[row])], alpha)
        if obstacle[row] == 0:
            potential[row] = _potential(arms, int(leader[row]), lower_is_better=bool(lower[row]), alpha=alpha)
    leader = np.where(np.isnan(best.probability).all(axis=-1), -1, leader)
    return ValueRemaining(VALUE_REMAINING, alpha, leader, potential, obstacle)


def _obstacle(leader: Posterior, alpha: float) -> int:
    near_zero = Obstacle.ZERO_DENOMINATOR if leader.ratio_obstacle(alpha / 4) else Obstacle.NONE
    return int(leader.obstacle) or int(near_zero)


def _potential(arms: Posterior, leader: int, *, lower_is_better: bool, alpha: float) -> float:
    others = (arms.obstacle == 0) & (np.arange(arms.shape[0]) != leader)
    if not others.any():
        return 0.0
    best, rivals = arms[leader], arms[others]
    chance = chance_of(rivals, best, every_other_above=lower_is_better)
    direction = np.sign(best.mean()) * (-1 if lower_is_better else 1)

    def within(gain: Floats) -> Floats:
        return chance(1 + direction * gain, np.zeros(()))

    nothing = np.zeros(())
    if within(nothing) >= 1 - alpha:
        return 0.0
    # Each of K arms is beyond its own quantile with less than alpha / K, so that the gain is below this one.
    tail = alpha / (int(others.sum()) + 1)
    floor = np.stack([best.quantile(tail), best.quantile(1 - tail)])
    reach = rivals.quantile(tail if lower_is_better else 1 - tail)[:, None]
    most = ((floor - reach if lower_is_better else reach - floor) / np.abs(floor)).max()
    return float(quantile(within, 1 - alpha, nothing, most))
