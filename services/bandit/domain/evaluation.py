"""Brings what was served into the form that off-policy evaluation takes: sums by version, or decisions one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.decisions import Decisions
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from shared.statistics.adaptive.batches import Batches
from shared.statistics.aggregates.moments import Moments
from shared.statistics.off_policy.rows import Predictions, evaluate_rows
from shared.statistics.off_policy.values import Evaluation
from shared.statistics.result.obstacles import Caution

Floats = NDArray[np.float64]


def batches_of(versions: Sequence[VersionStatistics], arm_ids: Sequence[str]) -> Batches:
    """Returns the versions as batches, in their order.

    Where units got an arm that their version has no propensity for, the version has none at all.

    Args:
        versions: One or more.
        arm_ids: All arms that any of them knows.
    """
    statistics = [[version.arms.get(arm_id, ArmStatistics(arm_id)) for arm_id in arm_ids] for version in versions]
    moments = Moments.of_values(
        [[arm.unit_count for arm in arms] for arms in statistics],
        [[arm.mean for arm in arms] for arms in statistics],
        [[arm.square_deviation_sum for arm in arms] for arms in statistics],
    )
    propensities = np.array([[version.propensities.get(arm_id, 0.0) for arm_id in arm_ids] for version in versions])
    is_missing = (moments.count > 0) & (propensities <= 0)
    return Batches.of(moments, np.where(is_missing.any(axis=-1, keepdims=True), np.nan, propensities))


def followed_contexts(versions: Sequence[VersionStatistics]) -> bool:
    """Returns whether some version gave its units propensities of their own, so that sums do not tell them."""
    return any(bool(np.isnan(list(version.propensities.values())).any()) for version in versions)


def telling(decisions: Decisions, target: Mapping[str, float]) -> NDArray[np.bool_]:
    """Returns which decisions tell of the weights, shape (n,): those of versions that could give all arms they want."""
    could_give = [decisions.least(arm_id) > 0 for arm_id, weight in target.items() if weight > 0]
    return np.asarray(np.all(could_give, axis=0), dtype=np.bool_)


def evaluate_decisions(decisions: Decisions, target: Mapping[str, float], *, alpha: float) -> Evaluation:
    """Returns what the weights would have earned per unit, averaged over the decisions that tell of them.

    As propensities followed earlier outcomes, predictions for the doubly robust value are the arms' means so far.

    Args:
        decisions: In their order.
        target: Weights by arm id, each in [0, 1], which sum to 1.
        alpha: 1 minus the confidence level.
    """
    used = telling(decisions, target)
    weights = np.array([*(target.get(arm_id, 0.0) for arm_id in decisions.arm_ids), 0.0])  # -1 is the last of them
    arms, values = decisions.arms[used], decisions.values[used]
    found = evaluate_rows(
        values,
        decisions.propensities[used],
        weights[arms],
        predictions=_means_so_far(arms, values, weights),
        is_supported=bool(np.isin(np.flatnonzero(weights), arms).all()),
        alpha=alpha,
    )
    dropped = np.int32(Caution.NONE if used.all() else Caution.BATCHES_DROPPED)
    return replace(found, values=tuple(replace(one, caution=one.caution | dropped) for one in found.values))


def _means_so_far(arms: NDArray[np.integer], values: Floats, weights: Floats) -> Predictions:
    """Returns each arm's mean of the decisions before, pulled to that of all arms as if by one more decision."""
    given = np.eye(weights.size)[arms]
    counts = np.cumsum(given, axis=0) - given
    sums = np.cumsum(given * values[:, None], axis=0) - given * values[:, None]
    level = sums.sum(axis=1, keepdims=True) / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    means = (sums + level) / (counts + 1)
    return Predictions(means[np.arange(arms.size), arms], means @ weights)
