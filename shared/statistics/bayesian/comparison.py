"""Treatment against control from their posteriors: chance to beat, expected losses, credible intervals.

Interval ends are quantiles, found by root search on distribution functions that are integrated, not drawn:

    difference   d with P(T <= C + d) = alpha / 2 or 1 - alpha / 2
    lift         l with P(T <= C + l |C|) = the same

Both ask for P(T <= C) at 0, so that their verdicts agree. Chances and losses come from `shared.kernels.best_arm`.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.bayesian.answer import NO_STOPPING_RULE, BayesianComparison
from shared.statistics.bayesian.best_arm import best_arms
from shared.statistics.bayesian.linear_chance import chance_of, quantile
from shared.statistics.bayesian.posterior import Posterior, stacked
from shared.statistics.result import checks
from shared.statistics.result.method import Method, Validity

Floats = NDArray[np.float64]
Ends = tuple[Floats, Floats]

CONJUGATE: Final = Method(
    "Posteriors of both arms",
    Validity.BAYESIAN,
    (
        "units are independent of each other",
        "the prior is what was known beforehand of each arm, independently",
        "the model is right: binomial, normal or Poisson values",
        NO_STOPPING_RULE,
    ),
    "Gelman et al. 2013, Bayesian Data Analysis, chapters 2 and 3",
)


def compare(
    treatment: Posterior, control: Posterior, *, lower_is_better: ArrayLike = False, alpha: float = 0.05
) -> BayesianComparison:
    """Returns how treatments stand beside controls; shapes broadcast.

    Ends of intervals have their probability within about 1e-7 (see `linear_chance`).

    Args:
        treatment: For example `posterior[..., 1:]`.
        control: For example `posterior[..., :1]`, of the same family.
        lower_is_better: Where a smaller value is the better one; broadcast to the common shape.
        alpha: 1 minus the credible intervals' probability.

    Raises:
        InvalidArgument: INVALID_FIELD: two families, alpha not in (0, 0.5), or shapes that do not fit.
    """
    alpha = checks.alpha(alpha)
    if type(treatment) is not type(control):
        raise invalid_field("control", "must be a posterior of the same family as the treatment's")
    checks.same_shape(treatment=treatment.unit_count, control=control.unit_count)
    both = stacked(treatment, control)
    obstacle = both.obstacle.max(axis=-1)
    both = _without(both, np.stack([obstacle, obstacle], axis=-1))
    t, c = both[..., 0], both[..., 1]
    best = best_arms(both, lower_is_better=lower_is_better)
    difference = t.mean() - c.mean()
    lift_obstacle = np.where(obstacle != 0, obstacle, c.ratio_obstacle(alpha / 4)).astype(np.int8)
    low, high = _difference_interval(t, c, alpha)
    reference = _without(c, lift_obstacle)
    lift_low, lift_high = _lift_interval(t, reference, alpha)
    return BayesianComparison(
        method=CONJUGATE,
        alpha=alpha,
        lower_is_better=np.broadcast_to(np.asarray(lower_is_better, np.bool_), obstacle.shape),
        treatment=np.broadcast_to(treatment.mean(), obstacle.shape),
        control=np.broadcast_to(control.mean(), obstacle.shape),
        treatment_unit_count=t.unit_count,
        control_unit_count=c.unit_count,
        difference=difference,
        difference_low=low,
        difference_high=high,
        lift=difference / np.abs(reference.mean()),
        lift_low=lift_low,
        lift_high=lift_high,
        chance_to_beat=best.probability[..., 0],
        treatment_loss=best.expected_loss[..., 0],
        control_loss=best.expected_loss[..., 1],
        obstacle=obstacle,
        lift_obstacle=lift_obstacle,
        caution=t.caution | c.caution,
    )


def _without(posterior: Posterior, obstacle: NDArray[np.int8]) -> Posterior:
    """Returns the posteriors, with parameters that are NaN where there is an obstacle."""
    parameters = (np.where(obstacle != 0, np.nan, column) for column in posterior.parameters)
    return type(posterior)(posterior.unit_count, obstacle, posterior.caution, *parameters)


def _difference_interval(treatment: Posterior, control: Posterior, alpha: float) -> Ends:
    chance = chance_of(treatment[..., None], control)
    one = np.ones(treatment.shape)
    # Where neither arm is beyond its own quantile, the difference is between these.
    tail = alpha / 4
    least = treatment.quantile(tail) - control.quantile(1 - tail)
    most = treatment.quantile(1 - tail) - control.quantile(tail)
    low, high = (quantile(lambda d: chance(one, d), share, least, most) for share in (alpha / 2, 1 - alpha / 2))
    return low, high


def _lift_interval(treatment: Posterior, control: Posterior, alpha: float) -> Ends:
    chance = chance_of(treatment[..., None], control)
    zero, sign = np.zeros(treatment.shape), np.sign(control.mean())
    tails = alpha / 4, 1 - alpha / 4
    pairs = [(treatment.quantile(one), control.quantile(two)) for one in tails for two in tails]
    lifts = [(t - c) / np.abs(c) for t, c in pairs]
    least, most = np.minimum.reduce(lifts), np.maximum.reduce(lifts)
    low, high = (
        quantile(lambda lift: chance(1 + sign * lift, zero), share, least, most) for share in (alpha / 2, 1 - alpha / 2)
    )
    return low, high
