"""What a policy learns from: its reward, or the primary metric where it defines none; net of what arms cost."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from shared.definition.model import AllocationPolicy, Experiment, Metric, MetricDirection, MetricKind, MetricRole
from shared.policy.snapshot import PolicySnapshot

Floats = NDArray[np.float64]

REWARD_ID: Final = "~reward"
"""Stands for the reward among the metrics; no metric id starts like this."""


def primary_metric(definition: Experiment | PolicySnapshot) -> Metric:
    """Returns the metric that decides the experiment."""
    return next(metric for metric in definition.metrics if metric.role is MetricRole.PRIMARY)


def reward_metric(definition: Experiment | PolicySnapshot) -> Metric:
    """Returns the metric that the policy learns from.

    A reward is a MEAN of which more is better. Where arms cost something the primary metric counts as a MEAN, too: what
    is left of a proportion once the arm is paid for is none.
    """
    if definition.allocation_policy.reward:
        return Metric(REWARD_ID, MetricKind.MEAN, MetricRole.PRIMARY)
    primary = primary_metric(definition)
    return replace(primary, kind=MetricKind.MEAN) if any(arm.cost for arm in definition.arms) else primary


def same_reward(one: AllocationPolicy, other: AllocationPolicy) -> bool:
    """Returns whether two policies' rewards have the same terms."""
    return set(one.reward) == set(other.reward)


def net_of_cost(
    definition: Experiment | PolicySnapshot, statistics: Mapping[str, ArmStatistics]
) -> dict[str, ArmStatistics]:
    """Returns the statistics of value - cost, or, where less is better, of value + cost; other arms stay as they are.

    Args:
        definition: The arms with their costs.
        statistics: Of the metric that is learned from, by arm.
    """
    shifts = dict(zip((arm.arm_id for arm in definition.arms), _shifts(definition), strict=True))
    return {arm_id: _shifted(arm, shifts.get(arm_id, 0.0)) for arm_id, arm in statistics.items()}


def versions_net_of_cost(
    definition: Experiment | PolicySnapshot, versions: Sequence[VersionStatistics]
) -> Sequence[VersionStatistics]:
    """Returns the same of every version, by what arms cost now."""
    return [replace(version, arms=net_of_cost(definition, version.arms)) for version in versions]


def values_net_of_cost(definition: Experiment, arms: NDArray[np.integer], values: Floats) -> Floats:
    """Returns the same of single values, shape (n,).

    Args:
        definition: The arms with their costs.
        arms: Positions of the arms that the units got, shape (n,).
        values: Of the metric that is learned from, shape (n,).
    """
    return np.asarray(values + np.array(_shifts(definition))[arms])


def _shifts(definition: Experiment | PolicySnapshot) -> list[float]:
    """Returns what costs add to the values of each arm, in the definition's order."""
    sign = -1.0 if reward_metric(definition).direction is MetricDirection.MAXIMIZE else 1.0
    return [sign * arm.cost for arm in definition.arms]


def _shifted(arm: ArmStatistics, shift: float) -> ArmStatistics:
    if shift == 0 or arm.unit_count == 0:
        return arm
    return replace(arm, value_sum=arm.value_sum + shift * arm.unit_count, mean=arm.mean + shift)
