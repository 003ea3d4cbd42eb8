"""What the tests of algorithms share: definitions of any algorithm and metric, and statistics seen in another way."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from services.bandit.domain.statistics import ArmStatistics
from shared.definition.model import Algorithm, Experiment, MetricDirection, MetricKind
from tests.bandit.examples import CONVERSION, SALES, arms, experiment, policy


def definition_of(
    algorithm: Algorithm,
    arm_ids: Iterable[str] = "abc",
    *,
    kind: MetricKind = MetricKind.PROPORTION,
    direction: MetricDirection = MetricDirection.MAXIMIZE,
    bounds: tuple[float, float] = (-1000.0, 1000.0),
    **controls: Any,
) -> Experiment:
    """Returns a running experiment that learns from one metric, under no controls but those given."""
    low, high = bounds
    metric = CONVERSION if kind is MetricKind.PROPORTION else replace(SALES, min_value=low, max_value=high)
    return experiment(
        arms=arms(*arm_ids),
        metrics=(replace(metric, direction=direction),),
        allocation_policy=policy(algorithm, **controls),
    )


def turned(statistics: Sequence[ArmStatistics]) -> list[ArmStatistics]:
    """Returns the statistics of the values with their signs changed."""
    return scaled(statistics, -1.0)


def failed(statistics: Sequence[ArmStatistics]) -> list[ArmStatistics]:
    """Returns the statistics of failures where those of successes are given."""
    return [
        replace(arm, value_sum=arm.unit_count - arm.value_sum, mean=1 - arm.mean if arm.unit_count else 0.0)
        for arm in statistics
    ]


def scaled(statistics: Sequence[ArmStatistics], factor: float) -> list[ArmStatistics]:
    """Returns the statistics of the values in another unit."""
    return [
        replace(
            arm,
            value_sum=arm.value_sum * factor,
            mean=arm.mean * factor,
            square_deviation_sum=arm.square_deviation_sum * factor**2,
        )
        for arm in statistics
    ]
