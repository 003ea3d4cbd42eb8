"""Novelty and primacy: does the effect change while the experiment runs?

With d_t the effect of period t (day or week of first exposure), v_t its variance, weights w = 1 / v, weighted means m:

    slope       sum w (t - m_t) d / sum w (t - m_t)^2                variance 1 / sum w (t - m_t)^2
    early       mean of the first periods minus mean of the others   variance 1 / sum w (first) + 1 / sum w (others)
    Q           sum w (d - m_d)^2 ~ chi-square with periods - 1 degrees of freedom                       (Cochran 1954)

Each effect is a comparison within its period, so that weights which change between periods do no harm. A slope finds
what goes on, `early` what soon wears off; an effect that shrinks is a novelty effect, one that grows a primacy effect
(Sadeghi et al. 2022).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from shared.errors import invalid_field
from shared.statistics.health.finding import Check, Finding, Status, not_estimable
from shared.statistics.health.tails import log_chi_square_tail
from shared.statistics.result import checks
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Method, Validity
from shared.statistics.result.obstacles import Obstacle

Floats = NDArray[np.float64]

FEWEST_PERIODS: Final = 3

ALPHA: Final = 0.01
"""Our own, shared by slope and contrast; Q is shown and raises no alarm, as it also rises with weekdays."""

DRIFT: Final = Method(
    "Precision-weighted slope and contrast of the effect over time",
    Validity.FIXED_LOOK,
    (
        "each unit counts in one period only",
        "the effects of the periods are nearly normal",
        "weights are constant within a period",
        "the drift is looked at once: watched daily, it alarms more often than alpha",
    ),
    "Cochran 1954; Sadeghi et al. 2022",
)


class Course(StrEnum):
    """Says which way the size of an effect goes."""

    STEADY = "STEADY"
    FADING = "FADING"
    GROWING = "GROWING"


@dataclass(frozen=True, slots=True)
class EffectDrift:
    """Holds tests for any shape S; numbers are NaN where the obstacle is not 0.

    Attributes:
        period_count: Periods with an effect.
        overall: Precision-weighted mean of the effects.
        slope: Change of the effect from one period to the next.
        early: Effect of the first periods minus that of the others.
        heterogeneity: Cochran's Q, with `period_count` - 1 degrees of freedom.
    """

    method: Method
    period_count: Floats
    overall: Floats
    slope: Floats
    slope_standard_error: Floats
    slope_p_value: Floats
    early: Floats
    early_standard_error: Floats
    early_p_value: Floats
    heterogeneity: Floats
    heterogeneity_p_value: Floats
    obstacle: NDArray[np.int8]

    def course(self, *index: int, alpha: float = ALPHA) -> Course:
        """Returns which way the effect goes, by the clearer of slope and contrast at half of alpha each.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        ways = ((self.slope_p_value, -self.slope), (self.early_p_value, self.early))
        p_value, fall = min((float(p[index]), float(way[index])) for p, way in ways)
        if not p_value < alpha / 2:
            return Course.STEADY
        return Course.FADING if fall * float(self.overall[index]) > 0 else Course.GROWING

    def finding(self, *index: int, alpha: float = ALPHA) -> Finding:
        """Returns one test as a finding: WARN where the effect fades or grows.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        numbers = {"period_count": float(self.period_count[index]), "threshold": checks.alpha(alpha) / 2}
        if self.obstacle[index]:
            return not_estimable(Check.EFFECT_DRIFT, Obstacle(int(self.obstacle[index])), numbers, self.method.source)
        names = ("overall", "slope", "slope_p_value", "early", "early_p_value", "heterogeneity_p_value")
        numbers |= {name: float(getattr(self, name)[index]) for name in names}
        course = self.course(*index, alpha=alpha)
        message = (
            f"the effect is {course.lower()}: by {numbers['slope']:+.3g} a period (p {numbers['slope_p_value']:.2g}), "
            f"{numbers['early']:+.3g} in the first periods against the others (p {numbers['early_p_value']:.2g})"
        )
        status = Status.PASS if course is Course.STEADY else Status.WARN
        return Finding(Check.EFFECT_DRIFT, status, message, numbers, self.method.source)


def effect_drift(periods: Comparison, *, early_count: int | None = None) -> EffectDrift:
    """Returns how effects change over the last axis of comparisons; periods with an obstacle are left out.

    Args:
        periods: Shape S + (T,), in order of time.
        early_count: Periods that count as first, at least 1 and fewer than T; by default a quarter of them.

    Raises:
        InvalidArgument: INVALID_FIELD: no axis of periods, or `early_count` out of range.
    """
    if not periods.shape:
        raise invalid_field("periods", "must have an axis of periods")
    length = periods.shape[-1]
    first = max(1, length // 4) if early_count is None else early_count
    if not 1 <= first < max(length, 2):
        raise invalid_field("early_count", f"{first}, must be from 1 to {length - 1}")
    usable = periods.obstacle == 0
    effect = np.where(usable, periods.difference, 0.0)
    weight = np.where(usable, 1 / np.where(usable, periods.standard_error, 1.0) ** 2, 0.0)
    early = np.arange(length) < first
    sides = (usable & early).any(axis=-1) & (usable & ~early).any(axis=-1)
    enough = (usable.sum(axis=-1) >= FEWEST_PERIODS) & sides
    with np.errstate(invalid="ignore", divide="ignore"):
        return _drift(effect, weight, early, usable.sum(axis=-1).astype(np.float64), enough)


def _drift(
    effect: Floats, weight: Floats, early: NDArray[np.bool_], period_count: Floats, enough: NDArray[np.bool_]
) -> EffectDrift:
    def known(values: Floats) -> Floats:
        return np.where(enough, values, np.nan)

    overall = _mean(effect, weight)
    time = np.arange(effect.shape[-1])
    since = time - _mean(time, weight)[..., None]
    spread = (weight * since**2).sum(axis=-1)
    slope, slope_error = (weight * since * effect).sum(axis=-1) / spread, np.sqrt(1 / spread)
    first, later = weight * early, weight * ~early
    contrast = _mean(effect, first) - _mean(effect, later)
    contrast_error = np.sqrt(1 / first.sum(axis=-1) + 1 / later.sum(axis=-1))
    statistic = (weight * (effect - overall[..., None]) ** 2).sum(axis=-1)
    return EffectDrift(
        method=DRIFT,
        period_count=period_count,
        overall=known(overall),
        slope=known(slope),
        slope_standard_error=known(slope_error),
        slope_p_value=known(2 * special.ndtr(-np.abs(slope / slope_error))),
        early=known(contrast),
        early_standard_error=known(contrast_error),
        early_p_value=known(2 * special.ndtr(-np.abs(contrast / contrast_error))),
        heterogeneity=known(statistic),
        heterogeneity_p_value=known(np.exp(log_chi_square_tail(statistic, np.maximum(period_count - 1, 1)))),
        obstacle=np.where(enough, 0, Obstacle.TOO_FEW_DAYS).astype(np.int8),
    )


def _mean(values: NDArray[np.float64] | NDArray[np.int64], weight: Floats) -> Floats:
    return np.asarray((weight * values).sum(axis=-1) / weight.sum(axis=-1))
