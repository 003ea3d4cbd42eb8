"""Estimates what other weights would have earned, from what was served (off-policy evaluation); reads the store."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from services.bandit.domain.evaluation import batches_of, evaluate_decisions, followed_contexts, telling
from services.bandit.domain.ports import PolicyStore, StatisticsStore
from services.bandit.domain.reward import primary_metric
from services.bandit.domain.statistics import VersionStatistics
from shared.errors import FailedPrecondition, Reason, experiment_not_found, invalid_field
from shared.policy.snapshot import PolicySnapshot
from shared.statistics.off_policy.values import Evaluation
from shared.statistics.off_policy.weights import evaluate_weights
from shared.statistics.result.obstacles import Obstacle

DEFAULT_ALPHA: Final = 0.05
SUM_TOLERANCE: Final = 1e-9
MAX_DECISIONS: Final = 100_000
"""So many are read and evaluated within seconds."""


class EvaluationService:
    """Evaluates weights. Safe for threads; waits for the store."""

    def __init__(self, policies: PolicyStore, statistics: StatisticsStore) -> None:
        self._policies = policies
        self._statistics = statistics

    def evaluate(
        self,
        experiment_id: str,
        weights: Sequence[tuple[str, float]],
        *,
        metric_id: str = "",
        alpha: float = 0.0,
        analysis_split: bool = False,
    ) -> Evaluation:
        """Returns what the weights would have earned; at least one estimator has a value.

        Args:
            experiment_id: The experiment.
            weights: Arms and their weights in [0, 1], which sum to 1; arms left out have 0.
            metric_id: The metric; empty: the primary one.
            alpha: 1 minus the intervals' confidence level; 0: 0.05.
            analysis_split: Whether the units of the analysis split are asked, not those that are learned from.

        Raises:
            InvalidArgument: INVALID_FIELD.
            NotFound: EXPERIMENT_NOT_FOUND.
            FailedPrecondition: NOT_ESTIMABLE.
            Unavailable: STORE_UNAVAILABLE.
        """
        target = _target(weights)
        snapshots = self._policies.history(experiment_id, below_version=None, limit=1)
        if not snapshots:
            raise experiment_not_found(experiment_id)
        metric_id = _metric_id(snapshots[0], metric_id)
        read = self._statistics.analysis_versions if analysis_split else self._statistics.versions
        versions = read(experiment_id, metric_id)
        arm_ids = _arm_ids(snapshots[0], versions)
        _check_known(weights, arm_ids)
        if not versions:
            raise _not_estimable(experiment_id, Obstacle.NO_UNITS)
        if followed_contexts(versions):
            return self._by_decisions(experiment_id, metric_id, versions, target, alpha=alpha or DEFAULT_ALPHA)
        target_weights = [target.get(arm_id, 0.0) for arm_id in arm_ids]
        evaluation = evaluate_weights(batches_of(versions, arm_ids), target_weights, alpha=alpha or DEFAULT_ALPHA)
        return _checked(experiment_id, evaluation)

    def _by_decisions(
        self,
        experiment_id: str,
        metric_id: str,
        versions: Sequence[VersionStatistics],
        target: Mapping[str, float],
        *,
        alpha: float,
    ) -> Evaluation:
        _check_count(experiment_id, versions)
        decisions = self._statistics.decisions(experiment_id, metric_id, limit=MAX_DECISIONS)
        if not telling(decisions, target).any():
            raise _not_estimable(experiment_id, Obstacle.ARM_NEVER_ALLOCATED)
        return _checked(experiment_id, evaluate_decisions(decisions, target, alpha=alpha))


def _target(weights: Sequence[tuple[str, float]]) -> Mapping[str, float]:
    target = dict(weights)
    if len(target) < len(weights):
        raise invalid_field("weights", "name an arm twice")
    total = math.fsum(target.values())
    if not abs(total - 1) <= SUM_TOLERANCE:
        raise invalid_field("weights", f"sum to {total:.12g}, must sum to 1")
    return target


def _metric_id(snapshot: PolicySnapshot, metric_id: str) -> str:
    if not metric_id:
        return primary_metric(snapshot).metric_id
    if all(metric.metric_id != metric_id for metric in snapshot.metrics):
        raise invalid_field("metric_id", f"experiment {snapshot.experiment_id!r} has no metric {metric_id!r}")
    return metric_id


def _arm_ids(snapshot: PolicySnapshot, versions: Sequence[VersionStatistics]) -> Sequence[str]:
    """Returns all arms that there are or were."""
    present = {arm.arm_id: None for arm in snapshot.arms}
    seen = {arm_id: None for version in versions for arm_id in (*version.propensities, *version.arms)}
    return list(present | seen)


def _check_known(weights: Sequence[tuple[str, float]], arm_ids: Sequence[str]) -> None:
    for place, (arm_id, _) in enumerate(weights):
        if arm_id not in arm_ids:
            raise invalid_field(f"weights[{place}].arm_id", f"{arm_id!r} is not an arm of the experiment")


def _checked(experiment_id: str, evaluation: Evaluation) -> Evaluation:
    if evaluation.obstacle:
        raise _not_estimable(experiment_id, evaluation.obstacle)
    return evaluation


def _check_count(experiment_id: str, versions: Sequence[VersionStatistics]) -> None:
    count = round(sum(arm.unit_count for version in versions for arm in version.arms.values()))
    if count > MAX_DECISIONS:
        raise FailedPrecondition(
            Reason.NOT_ESTIMABLE,
            f"weights follow contexts, so that {count:,} units must be looked at one by one, and only {MAX_DECISIONS:,}"
            " can be: export the log and evaluate it by rows (expctl evaluate), or ask the analysis split",
            metadata={"experiment_id": experiment_id, "obstacle": "TOO_MANY_UNITS"},
        )


def _not_estimable(experiment_id: str, obstacle: Obstacle) -> FailedPrecondition:
    return FailedPrecondition(
        Reason.NOT_ESTIMABLE,
        f"what these weights would have earned is not estimable because {obstacle.because}",
        metadata={"experiment_id": experiment_id, "obstacle": obstacle.name},
    )
