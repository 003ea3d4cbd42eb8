"""What another policy would have earned, from logged decisions: one row a decision, with its propensity.

With w = pi(A) / e(A), the policy's probability of the logged action over that with which it was really taken:

    IPS    V = mean of w Y                      Horvitz and Thompson 1952
    SNIPS  V = sum w Y / sum w                  Hajek 1971; Swaminathan and Joachims 2015
    DR     V = mean of m(pi) + w (Y - m(A))     Dudik, Langford and Li 2011, eq. 2

where m(A) predicts the reward of the logged action, m(pi) what the policy's own actions earn. Variances are those of a
mean, of a ratio of means (linearised) and of a mean. Nothing is clipped: no weight is cut, so nothing is biased, and
what is too heavy for a normal interval is said by a caution.
"""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.estimates.means import UNITS_PER_SQUARED_SKEWNESS
from shared.statistics.off_policy.importance import Estimate, Importance, policy_values, ratio
from shared.statistics.off_policy.values import Estimator, Evaluation, Flags
from shared.statistics.result import checks
from shared.statistics.result.method import Method, Validity
from shared.statistics.result.obstacles import Caution, Obstacle

Floats: TypeAlias = NDArray[np.float64]

_ASSUMPTIONS: Final = (
    "actions were drawn with the logged propensities, which depend on nothing later",
    "a row's reward does not depend on the actions of other rows",
    "every action that the policy takes had a chance",
    "the estimate is nearly normal: many effective units, no few that carry most of the weight",
    "the data are looked at once, at a time that was set beforehand",
)

METHODS: Final = {
    Estimator.IPS: Method(
        "inverse propensity score", Validity.ADAPTIVE_FIXED_LOOK, _ASSUMPTIONS, "Horvitz and Thompson 1952"
    ),
    Estimator.SNIPS: Method(
        "self-normalised inverse propensity score",
        Validity.ADAPTIVE_FIXED_LOOK,
        _ASSUMPTIONS,
        "Hajek 1971; Swaminathan and Joachims 2015",
    ),
    Estimator.DOUBLY_ROBUST: Method(
        "doubly robust",
        Validity.FIXED_LOOK,
        (*_ASSUMPTIONS, "no prediction was fitted to the row that it is for, and propensities did not follow the data"),
        "Dudik, Langford and Li 2011",
    ),
}


class Predictions(NamedTuple):
    """Holds what a reward model says of each row, fitted to other rows; each of shape (n,).

    Attributes:
        logged: Of the logged action.
        policy: Of the policy's actions on average: sum over actions of pi(k) m(k).
    """

    logged: Floats
    policy: Floats


class _Rows(NamedTuple):
    """Holds rewards and importance weights, each of shape (n,)."""

    reward: Floats
    weight: Floats


def evaluate_rows(
    rewards: ArrayLike,
    propensities: ArrayLike,
    target_propensities: ArrayLike,
    *,
    predictions: Predictions | None = None,
    is_supported: bool = True,
    alpha: float = 0.05,
) -> Evaluation:
    """Returns what a policy would have earned per decision; doubly robust only where there are predictions.

    Args:
        rewards: Of n decisions, shape (n,).
        propensities: Probability with which each logged action was taken, above 0 and up to 1, shape (n,); NaN or 0
            where none was logged.
        target_propensities: Probability with which the policy takes the logged action there, in [0, 1], shape (n,).
        predictions: What a reward model says.
        is_supported: Whether every action that the policy takes had a chance; the rows alone cannot tell.
        alpha: 1 minus the confidence level.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    alpha = checks.alpha(alpha)
    reward, target = checks.finite("rewards", rewards), checks.shares("target_propensities", target_propensities)
    logged = _propensities(propensities)
    for name, column in {"target_propensities": target, "propensities": logged, **_columns(predictions)}.items():
        if reward.ndim != 1 or column.shape != reward.shape:
            raise invalid_field(name, f"shape {column.shape}, must be that of {reward.shape[:1]} rewards")
    is_missing = ~(logged > 0)
    rows = _Rows(reward, target / np.where(is_missing, np.inf, logged))
    is_supported = is_supported and (not len(reward) or bool((rows.weight > 0).any()))
    obstacle = _obstacle(len(reward), is_missing=bool(is_missing.any()), is_supported=is_supported)
    return _evaluation(rows, predictions, obstacle, alpha)


def _evaluation(rows: _Rows, predictions: Predictions | None, obstacle: Obstacle, alpha: float) -> Evaluation:
    reward, weight = rows
    count = np.asarray(float(len(reward)))
    importance = Importance(
        count, np.asarray(weight.sum()), np.asarray((weight**2).sum()), np.asarray(weight.max(initial=0.0))
    )
    snips = _snips(rows)
    estimates = {Estimator.IPS: _mean(weight * reward), Estimator.SNIPS: snips}
    # What each estimate is nearly the mean of: that of SNIPS is linear in w (Y - V).
    terms = {Estimator.IPS: weight * reward, Estimator.SNIPS: weight * (reward - snips.value)}
    if predictions is not None:
        scores = predictions.policy + weight * (reward - predictions.logged)
        estimates[Estimator.DOUBLY_ROBUST], terms[Estimator.DOUBLY_ROBUST] = _mean(scores), scores
    values = tuple(
        policy_values(
            estimator,
            METHODS[estimator],
            estimate,
            importance,
            largest_term=np.asarray(np.abs(weight * reward).max(initial=0.0)),
            obstacle=np.asarray(obstacle.value, dtype=np.int8),
            caution=_skewed(terms[estimator]),
            alpha=alpha,
        )
        for estimator, estimate in estimates.items()
    )
    return Evaluation(
        alpha=alpha,
        values=values,
        logged_value=np.asarray(reward.mean() if len(reward) else np.nan),
        unit_count=count,
        effective_sample_size=importance.effective_sample_size,
        largest_weight=importance.largest,
    )


def _mean(scores: Floats) -> Estimate:
    """Returns the mean of scores with its variance; 0 without scores."""
    count = np.asarray(float(len(scores)))
    value = ratio(np.asarray(scores.sum()), count)
    return Estimate(value, ratio(np.asarray(((scores - value) ** 2).sum()), count * (count - 1)))


def _snips(rows: _Rows) -> Estimate:
    count, whole = np.asarray(float(len(rows.reward))), np.asarray(rows.weight.sum())
    value = ratio(np.asarray((rows.weight * rows.reward).sum()), whole)
    spread = np.asarray((rows.weight**2 * (rows.reward - value) ** 2).sum())
    return Estimate(value, ratio(count, count - 1) * ratio(spread, whole**2))


def _skewed(scores: Floats) -> Flags:
    """Returns SKEWED where there are fewer rows than the skewness of an estimate's terms asks for."""
    deviations = scores - scores.mean() if len(scores) else scores
    variance = float((deviations**2).mean()) if len(scores) else 0.0
    if variance <= 0:
        return np.asarray(0, dtype=np.int32)
    skewness = float((deviations**3).mean()) / variance**1.5
    is_skewed = len(scores) < UNITS_PER_SQUARED_SKEWNESS * skewness**2
    return np.asarray(Caution.SKEWED if is_skewed else 0, dtype=np.int32)


def _propensities(propensities: ArrayLike) -> Floats:
    logged = np.asarray(propensities, dtype=np.float64)
    outside = (logged < 0) | (logged > 1)
    if outside.any():
        raise invalid_field("propensities", f"{logged[outside].flat[0]:g}, must be in [0, 1], or NaN where missing")
    return logged


def _columns(predictions: Predictions | None) -> dict[str, Floats]:
    if predictions is None:
        return {}
    return {f"predictions.{name}": checks.finite(name, column) for name, column in predictions._asdict().items()}


def _obstacle(count: int, *, is_missing: bool, is_supported: bool) -> Obstacle:
    if is_missing:
        return Obstacle.MISSING_PROPENSITY
    if count == 0:
        return Obstacle.NO_UNITS
    if not is_supported:
        return Obstacle.ARM_NEVER_ALLOCATED
    return Obstacle.TOO_FEW_UNITS if count < 2 else Obstacle.NONE
