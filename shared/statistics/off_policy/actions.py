"""What fixed weights of actions would have earned, from logged decisions, with a reward model of their own.

The model is the mean reward of each action, fitted to the other folds (cross-fitting: Chernozhukov et al. 2018), pulled
to the mean of all actions as if by one more row.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.off_policy.rows import Predictions, evaluate_rows
from shared.statistics.off_policy.values import Evaluation
from shared.statistics.off_policy.weights import checked_target
from shared.statistics.result import checks

Floats: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.intp]

FOLDS: Final = 5


def evaluate_actions(
    actions: ArrayLike,
    rewards: ArrayLike,
    propensities: ArrayLike,
    target_weights: ArrayLike,
    *,
    alpha: float = 0.05,
) -> Evaluation:
    """Returns what the weights would have earned per decision.

    Args:
        actions: Logged actions of n decisions, indexes 0 to K - 1, shape (n,).
        rewards: Shape (n,).
        propensities: Probability with which each was taken, shape (n,); NaN or 0 where none was logged.
        target_weights: Of K actions, each in [0, 1], with sum 1. An action with a weight that was never taken is
            ARM_NEVER_ALLOCATED.
        alpha: 1 minus the confidence level.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    target = checked_target(target_weights, np.size(target_weights))
    reward = checks.finite("rewards", rewards)
    taken = _checked(actions, len(target))
    if taken.shape != reward.shape:
        raise invalid_field("actions", f"shape {taken.shape}, must be that of {reward.shape[:1]} rewards")
    return evaluate_rows(
        reward,
        propensities,
        target[taken],
        predictions=_cross_fitted(taken, reward, target),
        is_supported=bool(np.isin(np.flatnonzero(target), taken).all()),
        alpha=alpha,
    )


def _cross_fitted(taken: Indexes, reward: Floats, target: Floats) -> Predictions:
    """Returns predictions from the other folds; row i is in fold i modulo their number."""
    fold = np.arange(len(taken)) % FOLDS
    sums, counts = np.zeros((FOLDS, len(target))), np.zeros((FOLDS, len(target)))
    np.add.at(sums, (fold, taken), reward)
    np.add.at(counts, (fold, taken), 1.0)
    others, units = sums.sum(axis=0) - sums, counts.sum(axis=0) - counts
    level = others.sum(axis=-1, keepdims=True) / np.maximum(units.sum(axis=-1, keepdims=True), 1)
    means = (others + level) / (units + 1)
    return Predictions(means[fold, taken], (means @ target)[fold])


def _checked(actions: ArrayLike, action_count: int) -> Indexes:
    taken = np.asarray(actions)
    if taken.size and (taken.dtype.kind not in "iu" or not ((taken >= 0) & (taken < action_count)).all()):
        raise invalid_field("actions", f"must be indexes of actions, 0 to {action_count - 1}")
    return taken.astype(np.intp)
