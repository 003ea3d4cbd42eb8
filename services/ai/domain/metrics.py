"""What is known beforehand: metrics, traffic and past experiments, as values with every default filled in."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.definition.model import MetricDirection, MetricKind, MetricRole

DEFAULT_RELATIVE_MDE: Final = 0.05
"""The smallest relative lift that matters, where nobody says."""


class PastOutcome(StrEnum):
    """Says how an experiment of the past ended."""

    WON = "WON"
    LOST = "LOST"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class SegmentBaseline:
    """Is the mean of a part of the units, such as `device=mobile`, and how many it was measured on."""

    segment: str
    baseline: float
    unit_count: int = 0


@dataclass(frozen=True, slots=True)
class MetricProfile:
    """Is what is known of a metric, from the caller's own data; None says that it is not known.

    Attributes:
        role: What it can be for; None: any.
        baseline: Mean for each unit; for a PROPORTION from 0 to 1.
        standard_deviation: Of a unit's value, from 0; a PROPORTION has that of its baseline.
        trend: Relative change of the baseline over the last weeks.
        unit_count: Units that the baseline was measured on.
        pre_period_correlation: With the same unit's value before an experiment, from -1 to 1.
        funnel_step: Place in a funnel, counted from 1; 0: it is in none.
        relative_mde: Smallest relative lift that would matter, above 0.
        revenue: Whether it counts money earned.
    """

    metric_id: str
    kind: MetricKind
    display_name: str = ""
    description: str = ""
    direction: MetricDirection = MetricDirection.MAXIMIZE
    role: MetricRole | None = None
    baseline: float | None = None
    standard_deviation: float | None = None
    trend: float | None = None
    unit_count: int = 0
    pre_period_correlation: float | None = None
    funnel_step: int = 0
    segments: tuple[SegmentBaseline, ...] = ()
    relative_mde: float | None = None
    revenue: bool = False


@dataclass(frozen=True, slots=True)
class TrafficProfile:
    """Is how many new units come each day, above 0, and the share of them that may take part, in (0, 1]."""

    units_per_day: float
    share: float = 1.0

    @property
    def participants_per_day(self) -> float:
        """Returns the units that take part each day."""
        return self.units_per_day * self.share


@dataclass(frozen=True, slots=True)
class PastExperiment:
    """Is an experiment of the past, in the caller's words and figures.

    Attributes:
        relative_lift: As it was measured.
        standard_error: Of that lift, above 0.
    """

    experiment_id: str
    intervention: str
    metric_id: str
    relative_lift: float | None = None
    standard_error: float | None = None
    outcome: PastOutcome = PastOutcome.INCONCLUSIVE
    tags: tuple[str, ...] = ()
