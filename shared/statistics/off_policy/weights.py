"""What fixed weights of a bandit's arms would have earned, from sums by policy version and arm.

Under one version b an arm a has one propensity e, so all units there have one importance weight w = pi(a) / e(a), and
sums over units are sums over those few rows. With n units of mean Y there, N = sum n:

    IPS    V = sum w n Y / N              Horvitz and Thompson 1952; unbiased, whatever decided the propensities
    SNIPS  V = sum w n Y / sum w n        Hajek 1971; Swaminathan and Joachims 2015
    DR     V = (sum of scores) / N        Dudik, Langford and Li 2011; see `doubly_robust`

Weights followed the data, hence the error is a martingale over units, and its variance is estimated by the sum of
squares of the scores about the estimate, which is too large where the value drifts, never too small on average.
As in `adaptive.weighted_means`, an arm's own variance is not taken to be below that of all arms together: an arm that
got few units looked bad, and looks as if it varied little just then.

Versions under which an arm that pi wants had no chance tell nothing of pi and are left out: which ones depends on the
weights alone.
"""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.adaptive.batches import SUM_TOLERANCE, Batches
from shared.statistics.off_policy.doubly_robust import score_sums
from shared.statistics.off_policy.importance import Estimate, Importance, policy_values, ratio
from shared.statistics.off_policy.values import Codes, Estimator, Evaluation, Flags
from shared.statistics.result import checks
from shared.statistics.result.method import Method, Validity
from shared.statistics.result.obstacles import Caution, Obstacle

Floats: TypeAlias = NDArray[np.float64]
Booleans: TypeAlias = NDArray[np.bool_]

_ASSUMPTIONS: Final = (
    "units were allocated with the logged propensities, which followed earlier units only",
    "whether a unit counts does not depend on the arm that it got",
    "the estimate is nearly normal: many effective units, and propensities that settled or stayed away from 0",
    "an arm's variance, apart from chance, is not below that of all arms together",
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
        "doubly robust, with arm means of the other units",
        Validity.ADAPTIVE_FIXED_LOOK,
        _ASSUMPTIONS,
        "Dudik, Langford and Li 2011; Wu and Gagnon-Bartsch 2018",
    ),
}


class _Rows(NamedTuple):
    """Holds the versions that can be used, shape L + (B, K); zeros elsewhere.

    Attributes:
        squares: Squared deviations from the mean, for each unit at least the variance of all arms together.
    """

    weight: Floats
    units: Floats
    mean: Floats
    squares: Floats


def evaluate_weights(batches: Batches, target_weights: ArrayLike, *, alpha: float = 0.05) -> Evaluation:
    """Returns what the weights would have earned per unit, averaged over the units of the versions that can be used.

    Args:
        batches: B policy versions of K arms; any leading axes L.
        target_weights: Of the K arms, each in [0, 1], with sum 1.
        alpha: 1 minus the confidence level.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    alpha = checks.alpha(alpha)
    target = checked_target(target_weights, batches.arm_count)
    used = _used(batches, target)
    rows = _rows(batches, target, used)
    importance = _importance(rows)
    obstacle = _obstacle(batches, target, used)
    estimates = {
        Estimator.IPS: _ips(rows, importance),
        Estimator.SNIPS: _snips(rows, importance),
        Estimator.DOUBLY_ROBUST: _doubly_robust(batches, target, used, rows),
    }
    dropped = _dropped(batches, used)
    largest_term = (rows.weight * np.abs(rows.mean)).max(axis=(-2, -1))
    values = tuple(
        policy_values(
            estimator,
            METHODS[estimator],
            estimate,
            importance,
            largest_term=largest_term,
            obstacle=obstacle,
            caution=dropped,
            alpha=alpha,
        )
        for estimator, estimate in estimates.items()
    )
    units = importance.unit_count
    return Evaluation(
        alpha=alpha,
        values=values,
        logged_value=np.where(units > 0, ratio(_total(rows.units * rows.mean), units), np.nan),
        unit_count=units,
        effective_sample_size=importance.effective_sample_size,
        largest_weight=importance.largest,
    )


def checked_target(target_weights: ArrayLike, arm_count: int) -> Floats:
    """Returns the weights of a policy, shape (K,).

    Raises:
        InvalidArgument: INVALID_FIELD: of another shape, outside [0, 1], or with another sum than 1.
    """
    target = checks.shares("target_weights", target_weights)
    if target.shape != (arm_count,):
        raise invalid_field("target_weights", f"shape {target.shape}, must be of {arm_count} arms")
    if abs(target.sum() - 1) > SUM_TOLERANCE:
        raise invalid_field("target_weights", f"sum to {target.sum():g}, must sum to 1")
    return target


def _ips(rows: _Rows, importance: Importance) -> Estimate:
    units = importance.unit_count
    value = ratio(_total(rows.weight * rows.units * rows.mean), units)
    deviations = rows.units * (rows.weight * rows.mean - value[..., None, None]) ** 2
    return Estimate(value, ratio(_total(rows.weight**2 * rows.squares + deviations), units * (units - 1)))


def _snips(rows: _Rows, importance: Importance) -> Estimate:
    value = ratio(_total(rows.weight * rows.units * rows.mean), importance.weight_sum)
    deviations = rows.units * (rows.mean - value[..., None, None]) ** 2
    spread = _total(rows.weight**2 * (rows.squares + deviations))
    small_sample = ratio(importance.unit_count, importance.unit_count - 1)
    return Estimate(value, small_sample * ratio(spread, importance.weight_sum**2))


def _doubly_robust(batches: Batches, target: Floats, used: Booleans, rows: _Rows) -> Estimate:
    sums, units = score_sums(batches, target, used), _total(rows.units)
    lack = rows.squares - np.where(used, batches.squares, 0.0)
    return Estimate(ratio(_total(sums.total), units), ratio(_total(sums.squares + rows.weight**2 * lack), units**2))


def _used(batches: Batches, target: Floats) -> Booleans:
    """Returns which versions support the target and have units, shape L + (B, 1)."""
    supports = (batches.propensities > 0) | (target == 0)
    return np.asarray(supports.all(axis=-1, keepdims=True) & (batches.count.sum(axis=-1, keepdims=True) > 0))


def _rows(batches: Batches, target: Floats, used: Booleans) -> _Rows:
    propensity = np.where(used & (target > 0), batches.propensities, np.inf)
    units = np.where(used, batches.count, 0.0)
    squares = np.where(used, batches.squares, 0.0)
    of_arm, arm_squares = units.sum(axis=-2, keepdims=True), squares.sum(axis=-2, keepdims=True)
    pooled = ratio(arm_squares.sum(axis=-1, keepdims=True), of_arm.sum(axis=-1, keepdims=True))
    lack = np.maximum(pooled - ratio(arm_squares, of_arm), 0.0)
    mean = np.where(units > 0, batches.mean, 0.0)
    return _Rows(target / propensity, units, mean, squares + units * lack)


def _importance(rows: _Rows) -> Importance:
    return Importance(
        unit_count=_total(rows.units),
        weight_sum=_total(rows.weight * rows.units),
        weight_square_sum=_total(rows.weight**2 * rows.units),
        largest=np.where(rows.units > 0, rows.weight, 0.0).max(axis=(-2, -1)),
    )


def _obstacle(batches: Batches, target: Floats, used: Booleans) -> Codes:
    has_units = batches.count.sum(axis=-1, keepdims=True) > 0
    ever = ((batches.propensities > 0) & has_units).any(axis=-2) | (target == 0)
    units = np.where(used, batches.count, 0.0).sum(axis=(-2, -1))
    found = np.select(
        [
            (np.isnan(batches.propensities) & has_units).any(axis=(-2, -1)),
            ~has_units.any(axis=(-2, -1)),
            ~ever.all(axis=-1),
            units == 0,
            units < 2,
        ],
        [
            Obstacle.MISSING_PROPENSITY,
            Obstacle.NO_UNITS,
            Obstacle.ARM_NEVER_ALLOCATED,
            Obstacle.TOO_FEW_BATCHES,
            Obstacle.TOO_FEW_UNITS,
        ],
        Obstacle.NONE,
    )
    return np.asarray(found, dtype=np.int8)


def _dropped(batches: Batches, used: Booleans) -> Flags:
    dropped = (~used & (batches.count.sum(axis=-1, keepdims=True) > 0)).any(axis=(-2, -1))
    return np.where(dropped, Caution.BATCHES_DROPPED, 0).astype(np.int32)


def _total(values: Floats) -> Floats:
    return np.asarray(values.sum(axis=(-2, -1)))
