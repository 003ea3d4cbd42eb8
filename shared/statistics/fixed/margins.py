"""Tests with margins: not worse than by so much, better by at least so much, the same but for so much.

All claim that an effect is inside a region, absolute (T - C) or relative to the control (T / C - 1):

    non-inferiority           (-margin, inf)       or (-inf, margin) where lower is better
    superiority by a margin   (margin, inf)        or (-inf, -margin)
    equivalence               (low, high)

A claim is shown where each end is passed by its one-sided test, at alpha each (intersection-union: Berger 1982;
two one-sided tests: Schuirmann 1987). It is violated where the effect is shown to be outside. The statistics are

    absolute    (T - C - b) / sqrt(V_T + V_C - 2 S)
    relative    (T - r C) / sqrt(V_T - 2 r S + r^2 V_C)     with r = 1 + b (1 - b where C is negative)

so that a relative margin does not take the control's mean for known, and the verdict is that of the interval at
1 - 2 alpha (Fieller's for the lift): shown where all of it is inside.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.fixed.difference import WELCH, compare, p_value, welch_freedom
from shared.statistics.result import checks
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.result.obstacles import Obstacle
from shared.statistics.result.report import NotEstimable, Report

Floats: TypeAlias = NDArray[np.float64]

MARGINS: Final = Method(
    "one-sided tests against margins",
    Validity.FIXED_LOOK,
    (*WELCH.assumptions, "the margins were set beforehand"),
    "Schuirmann 1987; Berger 1982; Fieller 1954",
)


class Scale(StrEnum):
    """Says what a margin is measured in: the metric's unit, or shares of the control's value."""

    ABSOLUTE = "ABSOLUTE"
    RELATIVE = "RELATIVE"


class Direction(StrEnum):
    """Says which way a metric should go."""

    HIGHER_IS_BETTER = "HIGHER_IS_BETTER"
    LOWER_IS_BETTER = "LOWER_IS_BETTER"


class MarginVerdict(IntEnum):
    """Says what became of a claim; arrays of them are int8."""

    NOT_ESTIMABLE = 0
    SHOWN = 1
    NOT_SHOWN = 2
    VIOLATED = 3


@dataclass(frozen=True, slots=True)
class MarginReport:
    """Says of one claim what became of it.

    Attributes:
        low, high: The region that the effect was claimed to be in, -inf or inf where it has no end.
        effects: The effects, with intervals at 1 - 2 alpha; its p-value is that of no effect.
        p_value: Of an effect outside of the region.
        violation_p_value: Of an effect inside of it.
    """

    method: Method
    scale: Scale
    low: float
    high: float
    verdict: MarginVerdict
    effects: Report
    p_value: float | NotEstimable
    violation_p_value: float | NotEstimable


@dataclass(frozen=True, slots=True)
class MarginTest:
    """Holds claims about effects of treatments against controls; every array has the comparison's shape.

    Attributes:
        alpha: Of each one-sided test; the comparison's intervals are at 1 - 2 alpha.
        low, high: The regions.
        p_value: NaN exactly where `obstacle` is not 0; SHOWN is p_value < alpha.
        violation_p_value: VIOLATED is violation_p_value < alpha.
        verdict: `MarginVerdict` as int8.
        obstacle: `Obstacle` as int8.
    """

    method: Method
    scale: Scale
    alpha: float
    low: Floats
    high: Floats
    comparison: Comparison
    p_value: Floats
    violation_p_value: Floats
    verdict: NDArray[np.int8]
    obstacle: NDArray[np.int8]

    def report(self, *index: int) -> MarginReport:
        """Returns one claim in full; the index has a number for each axis.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        obstacle = Obstacle(int(self.obstacle[index]))
        return MarginReport(
            method=self.method,
            scale=self.scale,
            low=float(self.low[index]),
            high=float(self.high[index]),
            verdict=MarginVerdict(int(self.verdict[index])),
            effects=self.comparison.report(*index),
            p_value=NotEstimable(obstacle) if obstacle else float(self.p_value[index]),
            violation_p_value=NotEstimable(obstacle) if obstacle else float(self.violation_p_value[index]),
        )


def non_inferiority(
    treatment: ArmEstimates,
    control: ArmEstimates,
    *,
    margin: ArrayLike,
    scale: Scale = Scale.RELATIVE,
    direction: Direction = Direction.HIGHER_IS_BETTER,
    alpha: float = 0.05,
) -> MarginTest:
    """Returns whether treatments are worse than controls by less than the margin.

    Args:
        treatment: For example of shape (metrics, arms - 1).
        control: For example of shape (metrics, 1).
        margin: Above 0, broadcast to the arms' shape; 0.02 is 2 % where the scale is relative.
        scale: What the margin is measured in.
        direction: Which way the metric should go.
        alpha: Of the one-sided test, below 0.25.

    Raises:
        InvalidArgument: INVALID_FIELD: a margin that is not above 0, a relative one that is not below 1 where higher is
            better, alpha, or shapes that do not fit.
    """
    width = checks.positive("margin", margin)
    if direction is Direction.HIGHER_IS_BETTER:
        return effect_within(treatment, control, low=-width, high=np.inf, scale=scale, alpha=alpha)
    return effect_within(treatment, control, low=-np.inf, high=width, scale=scale, alpha=alpha)


def superiority(
    treatment: ArmEstimates,
    control: ArmEstimates,
    *,
    margin: ArrayLike,
    scale: Scale = Scale.RELATIVE,
    direction: Direction = Direction.HIGHER_IS_BETTER,
    alpha: float = 0.05,
) -> MarginTest:
    """Returns whether treatments are better than controls by more than the margin; arguments as above, margin >= 0."""
    width = checks.not_negative("margin", margin)
    if direction is Direction.HIGHER_IS_BETTER:
        return effect_within(treatment, control, low=width, high=np.inf, scale=scale, alpha=alpha)
    return effect_within(treatment, control, low=-np.inf, high=-width, scale=scale, alpha=alpha)


def equivalence(
    treatment: ArmEstimates,
    control: ArmEstimates,
    *,
    low: ArrayLike,
    high: ArrayLike,
    scale: Scale = Scale.RELATIVE,
    alpha: float = 0.05,
) -> MarginTest:
    """Returns whether effects are between two finite margins, low < 0 < high; other arguments as above."""
    lower, upper = checks.finite("low", low), checks.positive("high", high)
    if (lower >= 0).any():
        raise invalid_field("low", "must be below 0")
    return effect_within(treatment, control, low=lower, high=upper, scale=scale, alpha=alpha)


def effect_within(
    treatment: ArmEstimates,
    control: ArmEstimates,
    *,
    low: ArrayLike,
    high: ArrayLike,
    scale: Scale,
    alpha: float = 0.05,
) -> MarginTest:
    """Returns whether effects are inside (low, high), whose ends may be -inf and inf and differ between metrics.

    Raises:
        InvalidArgument: INVALID_FIELD: not low < high, a relative end of -1 or less, alpha not in (0, 0.25), or shapes
            that do not fit.
    """
    checks.alpha(2 * alpha)
    comparison = compare(treatment, control, alpha=2 * alpha, method=MARGINS)
    lower, upper = _region(low, high, scale, comparison.shape)
    obstacle = comparison.obstacle if scale is Scale.ABSOLUTE else comparison.lift_obstacle
    freedom = welch_freedom(treatment, control)
    beyond_low, beyond_high = (_statistic(treatment, control, end, scale) for end in (lower, upper))
    claimed = np.maximum(
        p_value(beyond_low, freedom, Alternative.GREATER), p_value(beyond_high, freedom, Alternative.LESS)
    )
    violated = np.minimum(
        p_value(beyond_low, freedom, Alternative.LESS), p_value(beyond_high, freedom, Alternative.GREATER)
    )
    # Either end may be passed: with two of them both tests share alpha.
    violated = np.minimum(1.0, violated * (np.isfinite(lower).astype(int) + np.isfinite(upper)))
    claimed, violated = (np.where(obstacle == 0, p, np.nan) for p in (claimed, violated))
    return MarginTest(
        method=MARGINS,
        scale=scale,
        alpha=alpha,
        low=lower,
        high=upper,
        comparison=comparison,
        p_value=claimed,
        violation_p_value=violated,
        verdict=_verdict(claimed, violated, alpha),
        obstacle=obstacle,
    )


def _region(low: ArrayLike, high: ArrayLike, scale: Scale, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    ends = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    try:
        lower, upper = (np.broadcast_to(end, shape) for end in ends)
    except ValueError:
        raise invalid_field("low", f"shapes {ends[0].shape}, {ends[1].shape} do not fit {shape}") from None
    if not (lower < upper).all():
        raise invalid_field("low", "must be below high")
    if scale is Scale.RELATIVE and ((lower > -np.inf) & (lower <= -1)).any():
        raise invalid_field("low", "must be above -1, relative to the control")
    return lower, upper


def _statistic(treatment: ArmEstimates, control: ArmEstimates, end: Floats, scale: Scale) -> Floats:
    """Returns by how many standard errors effects are above an end of their region; -inf and inf where it has none."""
    bound = np.where(np.isfinite(end), end, 0.0)
    difference = treatment.value - control.value
    variance = treatment.variance + control.variance
    if scale is Scale.RELATIVE:
        slope = bound * np.sign(control.value)
        cross = control.variance + (control.common_variance - treatment.common_variance) / 2
        variance = variance + 2 * slope * cross + slope**2 * (control.variance + control.common_variance)
        bound = bound * np.abs(control.value)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = (difference - bound) / np.sqrt(np.maximum(variance, 0.0))
    return np.asarray(np.where(np.isfinite(end), statistic, -end))


def _verdict(claimed: Floats, violated: Floats, alpha: float) -> NDArray[np.int8]:
    return np.select(
        [np.isnan(claimed), claimed < alpha, violated < alpha],
        [MarginVerdict.NOT_ESTIMABLE, MarginVerdict.SHOWN, MarginVerdict.VIOLATED],
        MarginVerdict.NOT_SHOWN,
    ).astype(np.int8)
