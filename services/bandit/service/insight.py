"""Shows what the bandit knows and does; reads the store."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import numpy as np

from services.bandit.domain.analysis_split import AnalysisResults, analysis_results
from services.bandit.domain.pacing import spent
from services.bandit.domain.periods import Memory, counted
from services.bandit.domain.ports import Health, PolicyStore, StatisticsStore
from services.bandit.domain.posterior import Posterior, posterior
from services.bandit.domain.reward import net_of_cost, reward_metric, same_reward, versions_net_of_cost
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics, warm_prior, with_prior
from services.bandit.domain.stopping import StopAdvice, stop_advice
from services.bandit.domain.trial import HOLDOUT_ARM_ID
from shared.clock import Clock
from shared.definition.model import (
    AllocationPolicy,
    ContextualAlgorithm,
    FixedSplit,
    Metric,
    MetricDirection,
    StopRule,
)
from shared.errors import experiment_not_found
from shared.policy.snapshot import PolicySnapshot

HISTORY_LENGTH = 100


class Bandit(NamedTuple):
    """Is what is known of one experiment.

    Attributes:
        arms: Statistics of what the policy learns from, in the snapshot's order; costs are not taken off.
        posterior: Of the arms net of costs, from what counts of the past; None while the data carry no information,
            and where weights follow contexts.
        holdout: Statistics of held-out units; None without a holdout.
        regret: Reward lost so far, 0 or more, in the metric's unit.
        gain_over_equal_split: Reward gained so far, in the good direction.
        history: Newest first.
        stop_advice: None where nothing can be said yet.
        spent: What the arms have cost so far, in the reward's unit, in the analysis split, too.
        analysis: What came of the analysis split, which all of the above but `spent` leave out; None without one.
    """

    snapshot: PolicySnapshot
    arms: Sequence[ArmStatistics]
    posterior: Posterior | None
    holdout: ArmStatistics | None
    regret: float
    gain_over_equal_split: float
    history: Sequence[PolicySnapshot]
    health: Health
    as_of: datetime | None
    stop_advice: StopAdvice | None
    spent: float
    analysis: AnalysisResults | None


class InsightService:
    """Reads. Safe for threads; waits for the store."""

    def __init__(self, policies: PolicyStore, statistics: StatisticsStore, *, now: Clock) -> None:
        self._policies = policies
        self._statistics = statistics
        self._now = now

    def bandit(self, experiment_id: str) -> Bandit:
        """Returns what is known of an experiment.

        Raises:
            NotFound: EXPERIMENT_NOT_FOUND.
            Unavailable: STORE_UNAVAILABLE.
        """
        history = self.snapshots(experiment_id, below_version=None, limit=HISTORY_LENGTH)
        snapshot = history[0]
        metric = reward_metric(snapshot)
        known, health, as_of = self._statistics.statistics(experiment_id, metric.metric_id)
        versions = self._statistics.versions(experiment_id, metric.metric_id)
        fixed = self._statistics.analysis_versions(experiment_id, metric.metric_id)
        arms = [known.get(arm.arm_id, ArmStatistics(arm.arm_id)) for arm in snapshot.arms]
        holdout = known.get(HOLDOUT_ARM_ID, ArmStatistics(HOLDOUT_ARM_ID)) if snapshot.traffic.holdout_share else None
        return Bandit(
            snapshot,
            arms,
            self._posterior(snapshot, metric, known, versions),
            holdout,
            *_regret_and_gain(snapshot, known, metric.direction),
            history,
            health,
            as_of,
            stop_advice(
                snapshot.allocation_policy.controls.stop_rule or StopRule(),
                metric,
                [arm.arm_id for arm in snapshot.arms if not arm.paused],
                versions_net_of_cost(snapshot, versions),
            ),
            spent(versions) + spent(fixed),
            analysis_results(snapshot, fixed) if snapshot.analysis_split is not None else None,
        )

    def _posterior(
        self,
        snapshot: PolicySnapshot,
        metric: Metric,
        statistics: Mapping[str, ArmStatistics],
        versions: Sequence[VersionStatistics],
    ) -> Posterior | None:
        """Returns the posterior of what the policy's learner goes by, net of what the arms cost."""
        policy, arm_ids = snapshot.allocation_policy, [arm.arm_id for arm in snapshot.arms]
        if isinstance(policy.algorithm, ContextualAlgorithm):
            return None
        if isinstance(policy.algorithm, FixedSplit):
            net = with_prior(arm_ids, net_of_cost(snapshot, statistics), {})
            return _posterior_of_live(snapshot, net, metric)
        memory = Memory.of(policy.controls, snapshot.attribution_window)
        if memory.longest_period is not None:
            statistics = counted(memory, arm_ids, versions, now=self._now())
        prior = warm_prior(policy.controls.warm_start, self._earlier(policy, metric))
        together = {arm.arm_id: arm for arm in with_prior(arm_ids, statistics, prior)}
        return _posterior_of_live(snapshot, list(net_of_cost(snapshot, together).values()), metric)

    def _earlier(self, policy: AllocationPolicy, metric: Metric) -> Mapping[str, ArmStatistics]:
        """Returns what the policy starts from; nothing of a reward of other terms."""
        warm = policy.controls.warm_start
        if warm is None:
            return {}
        if policy.reward:
            newest = self._policies.history(warm.experiment_id, below_version=None, limit=1)
            if not newest or not same_reward(newest[0].allocation_policy, policy):
                return {}
        return self._statistics.statistics(warm.experiment_id, metric.metric_id).arms

    def snapshots(self, experiment_id: str, *, below_version: int | None, limit: int) -> Sequence[PolicySnapshot]:
        """Returns up to `limit` snapshots, newest first, those below a version where one is given.

        Raises:
            NotFound: EXPERIMENT_NOT_FOUND.
            Unavailable: STORE_UNAVAILABLE.
        """
        snapshots = self._policies.history(experiment_id, below_version=below_version, limit=limit)
        if not snapshots and below_version is None:
            raise experiment_not_found(experiment_id)
        return snapshots


def _posterior_of_live(snapshot: PolicySnapshot, arms: Sequence[ArmStatistics], metric: Metric) -> Posterior | None:
    """Returns the posterior of every arm; which is the best is asked among those that are not paused."""
    algorithm = snapshot.allocation_policy.algorithm
    is_live = np.array([not arm.paused for arm in snapshot.arms])
    known = posterior(algorithm, arms, metric)
    if known is None or is_live.all():
        return known
    among = posterior(algorithm, [arm for arm, live in zip(arms, is_live, strict=True) if live], metric)
    if among is None:
        return None
    probability_best, expected_loss = np.full(len(arms), np.nan), np.full(len(arms), np.nan)
    probability_best[is_live], expected_loss[is_live] = among.probability_best, among.expected_loss
    return replace(known, probability_best=probability_best, expected_loss=expected_loss)


def _regret_and_gain(
    snapshot: PolicySnapshot, statistics: Mapping[str, ArmStatistics], direction: MetricDirection
) -> tuple[float, float]:
    """Returns regret and gain of the arms that are not paused, net of costs.

    0 where arms were given to units that differ: their means say nothing.
    """
    if isinstance(snapshot.allocation_policy.algorithm, ContextualAlgorithm):
        return 0.0, 0.0
    sign = 1.0 if direction is MetricDirection.MAXIMIZE else -1.0
    net = net_of_cost(snapshot, statistics)
    arms = [net[arm.arm_id] for arm in snapshot.arms if arm.arm_id in net and not arm.paused]
    means = sign * np.array([arm.mean for arm in arms if arm.unit_count])
    counts = np.array([arm.unit_count for arm in arms if arm.unit_count])
    if not len(means):
        return 0.0, 0.0
    return float(counts @ (means.max() - means)), float(counts @ (means - means.mean()))
