"""What it takes to find out whether a hypothesis holds: units and whole weeks, by `shared.statistics.planning`."""

from functools import lru_cache
from typing import Final

from services.ai.domain.hypotheses.model import EffectDirection, RequiredTest
from services.ai.domain.metrics import DEFAULT_RELATIVE_MDE, MetricProfile, SegmentBaseline, TrafficProfile
from shared.definition.model import MetricKind
from shared.statistics.planning.answers import SampleSize
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.duration import Weeks, duration
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.sample_size import sample_size
from shared.statistics.planning.traffic import PowerLaw, Traffic

PLAN: Final = Plan()
"""Two equal arms, judged once at an error rate of 5 %, with a power of 80 %."""
LONGEST: Final = Weeks(1, 104)
_RAREST: Final = 1e-6
"""What is rarer, or varies relatively less, or more than its inverse, is not planned."""


@lru_cache(maxsize=1024)
def required_test(
    metric: MetricProfile,
    direction: EffectDirection,
    *,
    traffic: TrafficProfile | None = None,
    segment: SegmentBaseline | None = None,
) -> RequiredTest:
    """Returns the test that finds the least lift that matters, with values from before the start where they help.

    Args:
        metric: With its baseline; without one nothing can be planned.
        direction: Of the lift.
        traffic: None: no duration is planned.
        segment: Part of the units that it is about; its traffic is its part of the metric's units.
    """
    mde = metric.relative_mde or DEFAULT_RELATIVE_MDE
    baseline = _baseline(metric, segment)
    if baseline is None:
        return RequiredTest(mde)
    lift = mde if direction is EffectDirection.INCREASE else -mde
    size = sample_size(baseline, PLAN, difference=lift * abs(float(baseline.value)))
    if size.obstacle:
        return RequiredTest(mde)
    return RequiredTest(mde, int(size.arms.max()), _weeks(size, traffic, _part(metric, segment)))


def _baseline(metric: MetricProfile, segment: SegmentBaseline | None) -> Baseline | None:
    level = metric.baseline if segment is None else segment.baseline
    if level is None:
        return None
    if metric.kind is MetricKind.PROPORTION:
        plain = Baseline.proportion(level) if _RAREST <= level <= 1 - _RAREST else None
    else:
        spread = metric.standard_deviation or 0.0
        plain = Baseline.mean(level, spread**2) if _is_sizeable(level, spread) else None
    explained = (metric.pre_period_correlation or 0.0) ** 2
    return plain.with_covariates(explained) if plain is not None and 0 < explained < 1 else plain


def _is_sizeable(level: float, spread: float) -> bool:
    """Says whether a mean is far enough from 0, and varies enough, for a relative change of it to be planned."""
    return spread > 0 and level != 0 and _RAREST < spread / abs(level) < 1 / _RAREST


def _part(metric: MetricProfile, segment: SegmentBaseline | None) -> float | None:
    """Returns the segment's part of all units; None: it is not known."""
    if segment is None:
        return 1.0
    whole = metric.unit_count or sum(one.unit_count for one in metric.segments)
    return min(segment.unit_count / whole, 1.0) if segment.unit_count and whole else None


def _weeks(size: SampleSize, traffic: TrafficProfile | None, part: float | None) -> int | None:
    if traffic is None or part is None:
        return None
    growth = PowerLaw(traffic.units_per_day * part, 1.0)
    found = duration(size, Traffic(growth, experiment_share=traffic.share), weeks=LONGEST)
    return None if found.obstacle else int(found.weeks)
