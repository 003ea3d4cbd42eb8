"""Whether a bandit may stop: an arm is shown to be the best, or the choice hardly matters any more."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.bandit.domain.comparable import comparable
from services.bandit.domain.statistics import VersionStatistics, merged
from shared.definition.model import Metric, MetricDirection, StopRule
from shared.statistics.adaptive.best_arm import Verdict, best_arm
from shared.statistics.adaptive.stopping_rules import AnyTime
from shared.statistics.result.report import NotEstimable


@dataclass(frozen=True, slots=True)
class StopAdvice:
    """Says whether to stop.

    Attributes:
        arm_id: The arm shown to be the best; without one, that of the best estimate.
        alpha: Chance that an arm is ever called the best without being it.
        expected_loss: What taking the arm costs on average, in the metric's unit.
        value_remaining: What a better arm would gain at most, with 95 % probability, in the metric's unit.
    """

    verdict: Verdict
    arm_id: str
    alpha: float
    expected_loss: float
    value_remaining: float


def stop_advice(
    rule: StopRule, metric: Metric, arm_ids: Sequence[str], versions: Sequence[VersionStatistics]
) -> StopAdvice | None:
    """Returns the advice after the last version, or None where some arm cannot be estimated yet.

    Args:
        rule: Error rate and threshold of caring, relative to the leading arm's mean so far.
        metric: The one that decides.
        arm_ids: The arms of the experiment; others that served earlier are left out.
        versions: Oldest first.
    """
    known = comparable(versions, arm_ids, metric.direction)
    if known is None or len(arm_ids) < 2:
        return None
    leading = best_mean(arm_ids, versions, metric.direction)
    report = best_arm(
        known,
        rule=AnyTime(rule.optimal_unit_count),
        threshold_of_caring=rule.threshold_of_caring * abs(leading),
        delta=rule.alpha,
    ).report()
    if isinstance(report.expected_loss, NotEstimable) or isinstance(report.value_remaining, NotEstimable):
        return None
    return StopAdvice(report.verdict, arm_ids[report.arm], report.delta, report.expected_loss, report.value_remaining)


def best_mean(arm_ids: Sequence[str], versions: Sequence[VersionStatistics], direction: MetricDirection) -> float:
    """Returns the best plain mean of all versions together; 0 without units."""
    arms = (
        merged(arm_id, [(1.0, version.arms[arm_id]) for version in versions if arm_id in version.arms])
        for arm_id in arm_ids
    )
    choose = max if direction is MetricDirection.MAXIMIZE else min
    return choose((arm.mean for arm in arms if arm.unit_count), default=0.0)
