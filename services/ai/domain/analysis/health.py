"""Whether the data can be trusted: sample ratio, exposure, minimum data, suspicious lifts, freshness."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np

from services.ai.domain.analysis.comparisons import ArmComparison
from services.ai.domain.analysis.data import BanditData
from services.ai.domain.analysis.plan import AnalysisPlan
from services.ai.domain.analysis.samples import Samples, placed_counts
from shared.definition.model import MetricKind
from shared.statistics.health.exposure import multiple_exposure
from shared.statistics.health.finding import Check, Finding, Status, not_estimable
from shared.statistics.health.freshness import freshness
from shared.statistics.health.minimum_data import FEWEST_DAYS, minimum_data
from shared.statistics.health.sample_ratio import sample_ratio
from shared.statistics.health.sequential_sample_ratio import CHANGING_WEIGHTS, changing_sequential_sample_ratio
from shared.statistics.health.surprise import surprising_lift
from shared.statistics.result.obstacles import Obstacle

_WORST_FIRST: Final = (Status.FAIL, Status.WARN, Status.NOT_ESTIMABLE, Status.PASS)


@dataclass(frozen=True, slots=True)
class ArmFinding:
    """Is what a check found; `arm_id` is empty where it is about the whole experiment."""

    finding: Finding
    arm_id: str = ""


def worst_first(findings: Iterable[ArmFinding]) -> tuple[ArmFinding, ...]:
    """Returns the findings in the order in which they matter."""
    return tuple(sorted(findings, key=lambda one: _WORST_FIRST.index(one.finding.status)))


def ratio_of(samples: Samples) -> Finding:
    """Returns whether the arms have the units that they were meant to get."""
    return sample_ratio(samples.unit_count, samples.planned_shares).finding()


def ratio_of_bandit(data: BanditData) -> Finding:
    """Returns the same where the weights changed: by versions, and valid at any look."""
    weights = [data.weights_of(version) for version in data.versions]
    known = [(row, vector) for row, vector in zip(placed_counts(data), weights, strict=False) if vector and any(vector)]
    if None in weights or not known:
        obstacle = Obstacle.MISSING_PROPENSITY if None in weights else Obstacle.NO_UNITS
        return not_estimable(Check.SEQUENTIAL_SAMPLE_RATIO, obstacle, {}, CHANGING_WEIGHTS.source)
    counts, vectors = (np.array(part) for part in zip(*known, strict=True))
    return changing_sequential_sample_ratio(counts, vectors).finding()


def exposure_of(samples: Samples, multiple_count: int | None, *, moved_share: float = 0.0) -> tuple[Finding, ...]:
    """Returns whether too many units saw more than one arm; nothing where that was not counted."""
    if multiple_count is None:
        return ()
    return (multiple_exposure(samples.total, multiple_count, expected_share=moved_share),)


def enough_data(samples: Samples, place: int, day_count: float | None) -> Finding:
    """Returns whether there are enough units, conversions and days to speak of the metric at a place.

    Args:
        samples: Of all arms.
        place: The metric's.
        day_count: None: not known, which the message says; the rest is judged.
    """
    found = _minimum_data(samples, place, range(len(samples.arm_ids)), FEWEST_DAYS if day_count is None else day_count)
    if day_count is not None:
        return found
    known = {name: number for name, number in found.numbers.items() if "day_count" not in name}
    units = f"{known['unit_count']:.0f} of {known['needed_unit_count']:.0f} units in the smallest arm"
    return replace(found, message=f"{units}; it is not known for how many days", numbers=known)


def enough_in_arms(samples: Samples, place: int, arms: Sequence[int]) -> bool:
    """Says whether some arms have enough units and conversions to speak of the metric at a place."""
    return _minimum_data(samples, place, arms, FEWEST_DAYS).status is Status.PASS


def _minimum_data(samples: Samples, place: int, arms: Sequence[int], day_count: float) -> Finding:
    chosen = list(arms)
    proportion = samples.metrics[place].kind is MetricKind.PROPORTION
    return minimum_data(
        samples.moments.count[place][chosen],
        int(day_count),
        conversion_counts=samples.successes(place)[chosen] if proportion else None,
    )


def freshness_of(plan: AnalysisPlan, *, as_of: datetime, now: datetime) -> tuple[Finding, ...]:
    """Returns whether the data of a running experiment are as recent as promised; nothing where nothing is promised."""
    if plan.expected_delay is None:
        return ()
    return (freshness(as_of, now, expected_delay=plan.expected_delay),)


def age_of_given(plan: AnalysisPlan, *, as_of: datetime, now: datetime) -> tuple[Finding, ...]:
    """Returns the same of data that somebody gave, and dated: their age is a warning at most."""
    found = freshness_of(plan, as_of=as_of, now=now)
    return tuple(replace(one, status=Status.WARN) if one.status is Status.FAIL else one for one in found)


def surprises(comparisons: Sequence[ArmComparison], relative_mde: float | None) -> tuple[ArmFinding, ...]:
    """Returns whether lifts of the primary metric are too large to be believed at once; nothing without a yardstick.

    Args:
        comparisons: On the primary metric.
        relative_mde: The lift that the experiment was made for.
    """
    if relative_mde is None:
        return ()
    return tuple(
        ArmFinding(
            surprising_lift(
                one.report.lift, detectable_lift=relative_mde, confidence_level=one.report.confidence_level
            ),
            one.arm_id,
        )
        for one in comparisons
    )
