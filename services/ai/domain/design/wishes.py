"""What a design is asked for, and what of it cannot be: what is missing is asked for, and never made up."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from services.ai.domain.metrics import MetricProfile, TrafficProfile
from shared.definition.model import MetricKind
from shared.errors import FieldViolation, invalid_fields

WEEK: Final = timedelta(weeks=1)
MOST_ARMS: Final = 64


class DesignAim(StrEnum):
    """Says what matters most: how large the effect is, to earn meanwhile, or to find the best arm soon."""

    LEARN = "LEARN"
    EARN = "EARN"
    PICK = "PICK"


@dataclass(frozen=True, slots=True)
class DesignWishes:
    """Is what a design is asked for.

    Attributes:
        description: What is to be tried.
        primary_metric_id: Empty: the one that is decided by the fewest units.
        relative_mde: The smallest relative lift that would matter; None: the metric's own.
        arm_count: The control included, 2 to 64.
        max_duration: A week or more.
        past_lifts: What earlier experiments had on the primary metric, relative.
    """

    description: str
    metrics: tuple[MetricProfile, ...]
    traffic: TrafficProfile
    primary_metric_id: str = ""
    relative_mde: float | None = None
    arm_count: int = 2
    aim: DesignAim = DesignAim.LEARN
    max_duration: timedelta = timedelta(weeks=8)
    alpha: float = 0.05
    power: float = 0.8
    past_lifts: tuple[float, ...] = ()

    @property
    def most_weeks(self) -> int:
        """Returns the whole weeks that it may take."""
        return self.max_duration // WEEK


def check(wishes: DesignWishes) -> None:
    """Raises unless the wishes can be planned for; baselines are asked for where a primary metric is chosen.

    Raises:
        InvalidArgument: INVALID_FIELD: with every field at fault.
    """
    violations = [*_metrics(wishes), *_numbers(wishes)]
    if violations:
        raise invalid_fields(violations)


def missing_of(metric: MetricProfile, path: str) -> tuple[FieldViolation, ...]:
    """Returns what has to be known of a metric before a sample can be planned on it."""
    level, spread = metric.baseline, metric.standard_deviation
    if level is None:
        return (FieldViolation(f"{path}.baseline", "is missing: say what the mean for each unit is today"),)
    if metric.kind is MetricKind.PROPORTION:
        fine = 0 < level < 1
        return () if fine else (FieldViolation(f"{path}.baseline", f"{level:g}, must be above 0 and below 1"),)
    if level == 0:
        return (FieldViolation(f"{path}.baseline", "0: no lift is relative to it"),)
    if not spread:
        return (FieldViolation(f"{path}.standard_deviation", "is missing: say how much a unit's value varies"),)
    return ()


def _metrics(wishes: DesignWishes) -> Iterator[FieldViolation]:
    if not wishes.metrics:
        yield FieldViolation("metrics", "there is none, must be one or more")
    ids = [metric.metric_id for metric in wishes.metrics]
    for place, metric in enumerate(wishes.metrics):
        if metric.metric_id in ids[:place]:
            yield FieldViolation(f"metrics[{place}].metric_id", f"{metric.metric_id} is there twice")
        if metric.standard_deviation is not None and not metric.standard_deviation >= 0:
            yield FieldViolation(f"metrics[{place}].standard_deviation", "must be 0 or more")
        if metric.baseline is not None and not _possible(metric, metric.baseline):
            yield FieldViolation(f"metrics[{place}].baseline", f"{metric.baseline:g}, is no such value")
    if wishes.primary_metric_id and wishes.primary_metric_id not in ids:
        yield FieldViolation("primary_metric_id", f"{wishes.primary_metric_id} is not one of the metrics")


def _possible(metric: MetricProfile, level: float) -> bool:
    return 0 <= level <= 1 if metric.kind is MetricKind.PROPORTION else math.isfinite(level)


def _numbers(wishes: DesignWishes) -> Iterator[FieldViolation]:
    if not wishes.traffic.units_per_day > 0 or not math.isfinite(wishes.traffic.units_per_day):
        yield FieldViolation("traffic.units_per_day", "must be above 0: say how many new units come each day")
    if not 0 < wishes.traffic.share <= 1:
        yield FieldViolation("traffic.share", f"{wishes.traffic.share:g}, must be above 0 and up to 1")
    if not 2 <= wishes.arm_count <= MOST_ARMS:
        yield FieldViolation("arm_count", f"{wishes.arm_count}, must be from 2 to {MOST_ARMS}")
    if wishes.relative_mde is not None and not 0 < wishes.relative_mde <= 10:
        yield FieldViolation("relative_mde", f"{wishes.relative_mde:g}, must be above 0 and up to 10")
    if wishes.max_duration < WEEK:
        yield FieldViolation("max_duration", "must be a week or more, so that every day of the week is in")
    if not 0 < wishes.alpha < 0.5:
        yield FieldViolation("alpha", f"{wishes.alpha:g}, must be above 0 and below 0.5")
    if not 0.5 < wishes.power < 1:
        yield FieldViolation("power", f"{wishes.power:g}, must be above 0.5 and below 1")
