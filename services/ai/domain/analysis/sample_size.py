"""How many units are there, how many it takes, and what the present ones could show."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from services.ai.domain.analysis.plan import AnalysisPlan
from services.ai.domain.analysis.samples import Samples
from services.ai.domain.metrics import DEFAULT_RELATIVE_MDE, MetricProfile
from shared.definition.model import MetricDirection, MetricKind
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.familywise import Multiplicity
from shared.statistics.planning.minimum_effect import minimum_effect
from shared.statistics.planning.monitoring import AnyTime, FixedLook
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.sample_size import sample_size

POWER: Final = 0.8
"""With which the units that it takes are computed, where none were planned."""


class SampleSource(StrEnum):
    """Says where the number of units comes from: it was planned, or is computed from the control's data."""

    PLANNED = "PLANNED"
    COMPUTED = "COMPUTED"


@dataclass(frozen=True, slots=True)
class SampleState:
    """Says how far the sample has come.

    Attributes:
        unit_count: Of all arms.
        required_unit_count: Of all arms; None: cannot be computed.
        relative_mde: The lift that it is for; None: a sample was planned, and nobody said what for.
        detectable_lift: The least lift that the present units show with a power of 80 %; None: cannot be computed.
    """

    unit_count: int
    required_unit_count: int | None
    source: SampleSource
    relative_mde: float | None
    detectable_lift: float | None

    @property
    def reached(self) -> bool | None:
        """Says whether the units are there; None: it is not known how many it takes."""
        return None if self.required_unit_count is None else self.unit_count >= self.required_unit_count

    @property
    def missing_unit_count(self) -> int | None:
        """Returns the units still missing; None: it is not known how many it takes."""
        return None if self.required_unit_count is None else max(self.required_unit_count - self.unit_count, 0)


def sample_state(samples: Samples, place: int, plan: AnalysisPlan, *, one_look: bool) -> SampleState:
    """Returns how far the sample has come for the metric at a place, the one that decides."""
    metric, baseline = samples.metrics[place], _baseline(samples, place)
    judged = _plan(samples, plan, one_look=one_look)
    mde = _relative_mde(metric, plan)
    if plan.sample is not None:
        required: int | None = plan.sample.units_per_arm * len(samples.arm_ids)
    else:
        required = _required(baseline, judged, metric, mde or DEFAULT_RELATIVE_MDE)
    return SampleState(
        unit_count=samples.total,
        required_unit_count=required,
        source=SampleSource.COMPUTED if plan.sample is None else SampleSource.PLANNED,
        relative_mde=mde,
        detectable_lift=_detectable(baseline, judged, samples.total),
    )


def stated_mde(metric: MetricProfile, plan: AnalysisPlan) -> float | None:
    """Returns the lift that somebody said the experiment is for."""
    planned = plan.sample.relative_mde if plan.sample else None
    return planned if planned is not None else metric.relative_mde


def _relative_mde(metric: MetricProfile, plan: AnalysisPlan) -> float | None:
    stated = stated_mde(metric, plan)
    return DEFAULT_RELATIVE_MDE if stated is None and plan.sample is None else stated


def _baseline(samples: Samples, place: int) -> Baseline | None:
    """Returns what the control shows; None where that is no baseline."""
    count, mean = samples.moments.count[place, 0], float(samples.moments.mean[place, 0, 0])
    if samples.metrics[place].kind is MetricKind.PROPORTION:
        return Baseline.proportion(mean) if 0 < mean < 1 else None
    variance = float(samples.moments.products[place, 0, 0, 0]) / max(count - 1, 1)
    return Baseline.mean(mean, variance) if count > 1 and variance > 0 and mean != 0 else None


def _plan(samples: Samples, plan: AnalysisPlan, *, one_look: bool) -> Plan:
    return Plan(
        shares=tuple(samples.planned_shares),
        alpha=plan.alpha,
        power=POWER,
        monitoring=FixedLook() if one_look else AnyTime(),
        multiplicity=Multiplicity.BONFERRONI,
    )


def _required(baseline: Baseline | None, judged: Plan, metric: MetricProfile, lift: float) -> int | None:
    if baseline is None:
        return None
    size = lift * abs(float(baseline.value))
    change = size if metric.direction is MetricDirection.MAXIMIZE else -size
    answer = sample_size(baseline, judged, difference=change)
    return None if answer.obstacle else int(answer.arms.sum())


def _detectable(baseline: Baseline | None, judged: Plan, unit_count: int) -> float | None:
    if baseline is None or unit_count < 1:
        return None
    answer = minimum_effect(baseline, judged, unit_count=unit_count)
    lift = float(answer.lift)
    return lift if np.isfinite(lift) else None
