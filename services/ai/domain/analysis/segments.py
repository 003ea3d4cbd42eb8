"""The metric that decides, in parts of the units: for learning, with an allowance for how many are looked at.

All segments and treatments are one family, of which alpha is the chance of any error (Bonferroni, so that intervals and
p-values give one verdict). Whether an effect differs from that in the rest of the units is Welch's test of both
(`shared.statistics.fixed.segments`), Holm over all of them; it holds at one look, so that any-time data have none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ai.domain.analysis import health
from services.ai.domain.analysis.comparisons import ArmComparison, status_of
from services.ai.domain.analysis.data import SegmentAggregates
from services.ai.domain.analysis.samples import Samples, samples_in_segment
from services.ai.domain.analysis.segment_moments import moments_inside, moments_outside, stacked
from services.ai.domain.grounding.evidence import ComparisonStatus
from shared.definition.model import MetricRole
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.fixed.multiplicity import Procedure, adjusted
from shared.statistics.fixed.segments import SegmentEffects, segment_effects
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.report import NotEstimable, Report
from shared.statistics.sequential.confidence_sequence import anytime_comparison

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SegmentComparison:
    """Is one treatment against the control in one segment, on the metric that decides.

    Attributes:
        comparison: Its intervals and its p-value allow for all segments and treatments.
        interaction_p_value: Of equal effects in the segment and in the rest, adjusted; None: not estimable, too few
            data, or more than one look.
    """

    segment: str
    comparison: ArmComparison
    interaction_p_value: float | None = None


@dataclass(frozen=True, slots=True)
class SegmentLook:
    """Says how segments are looked at.

    Attributes:
        alpha: Chance of any error.
        at_the_end: Whether this is the one look that was planned.
        optimal_unit_count: Of both arms, at which any-time intervals are narrowest, set beforehand.
        relative: Whether effects are held against each other as lifts; else as differences.
    """

    alpha: float
    at_the_end: bool
    optimal_unit_count: float
    relative: bool


def compared_in_segments(
    whole: Samples, place: int, segments: Sequence[SegmentAggregates], look: SegmentLook
) -> tuple[SegmentComparison, ...]:
    """Returns all treatments in all segments, in the order of these; nothing of it decides.

    Args:
        whole: Of weights that never changed.
        place: The metric's that decides.
        segments: Parts of the whole, which do not contradict it.
        look: How they are looked at.
    """
    parts = [samples_in_segment(one, whole, place) for one in segments]
    if not parts:
        return ()
    effects = _effects(parts, whole, place, look)
    return tuple(
        SegmentComparison(
            one.segment,
            _comparison(effects.report(arm, row), whole, place, arm, look.alpha, enough=bool(effects.judged[arm, row])),
            _known(effects.interactions[arm, row]),
        )
        for row, one in enumerate(segments)
        for arm in range(len(whole.arm_ids) - 1)
    )


@dataclass(frozen=True, slots=True)
class _Effects:
    """Holds effects of treatments in segments, shape (treatments, segments), by whichever method."""

    found: SegmentEffects | Comparison
    interactions: Floats
    judged: NDArray[np.bool_]

    def report(self, arm: int, row: int) -> Report:
        # Beside each segment there is the rest, at the next place.
        return (
            self.found.report(arm, row)
            if isinstance(self.found, Comparison)
            else self.found.effects.report(arm, row, 0)
        )


def _effects(parts: Sequence[Samples], whole: Samples, place: int, look: SegmentLook) -> _Effects:
    inside, judged = moments_inside(parts), _judged(parts)
    alpha = look.alpha / judged.size
    if not look.at_the_end:
        return _Effects(_at_any_time(inside, look, alpha), np.full(judged.shape, np.nan), judged)
    found = _at_the_end(inside, moments_outside(inside, whole.moments[place]), alpha)
    raw = np.where(judged, (found.relative if look.relative else found.absolute).p_value, np.nan)
    return _Effects(found, adjusted(raw.reshape(-1), Procedure.HOLM).reshape(judged.shape), judged)


def _at_the_end(inside: Moments, rest: Moments, alpha: float) -> SegmentEffects:
    """Returns the effect in each segment beside that in the rest, shape (treatments, segments, 2)."""
    arms = means(stacked((inside, rest), axis=2))
    return segment_effects(arms[1:], arms[:1], alpha=alpha)


def _at_any_time(inside: Moments, look: SegmentLook, alpha: float) -> Comparison:
    arms = means(inside)
    return anytime_comparison(arms[1:], arms[:1], optimal_unit_count=look.optimal_unit_count, alpha=alpha)


def _judged(parts: Sequence[Samples]) -> NDArray[np.bool_]:
    """Returns whether treatment and control have enough data in a segment to be judged, (treatments, segments)."""
    arms = range(1, len(parts[0].arm_ids))
    return np.array([[health.enough_in_arms(part, 0, (0, arm)) for part in parts] for arm in arms])


def _comparison(report: Report, whole: Samples, place: int, arm: int, alpha: float, *, enough: bool) -> ArmComparison:
    """Returns a comparison; its interval is at the level at which the p-value as it is shows an effect."""
    alone, level = None if isinstance(report.p_value, NotEstimable) else report.p_value, 1 - report.confidence_level
    significant = alone is not None and alone < level
    status = status_of(report, whole.metrics[place], significant=significant, enough=True)
    return ArmComparison(
        whole.metrics[place],
        MetricRole.PRIMARY,
        whole.arm_ids[arm + 1],
        report,
        None if alone is None else min(alone * alpha / level, 1.0),
        status if enough else ComparisonStatus.INSUFFICIENT_DATA,
        demoted=alone is not None and alone < alpha and not significant,
    )


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)
