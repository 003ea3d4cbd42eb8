"""Two proportions at any time, exactly: one beta-binomial martingale for each arm, multiplied.

E(p_T, p_C) = E_T(p_T) E_C(p_C) (`beta_binomial`) has mean 1 at the true pair of rates whenever one stops and however
units were shared out, as long as no unit's arm depended on its own outcome. The pairs with E < 1 / alpha therefore
hold the true one at all looks with probability 1 - alpha (Howard, Ramdas, McAuliffe and Sekhon 2021 for one arm;
Kaufmann and Koolen 2021, section 4, for sums of the logarithms over arms). They form a convex set, since each ln E is
convex, and everything is read off it:

    difference   { p_T - p_C }  over the set
    lift         { p_T / p_C - 1 }  over the set
    p-value      min(1, the largest 1 / E(p, p) over p)

so that all verdicts agree. Two free rates in place of one cost width: 12 % more than the asymptotic sequence, at the
best time. One-sided answers are one side of the two-sided ones: their error rate is alpha at most.

Blocks of E-variables (Turner, Ly and Grunwald 2024) need the order in which units came; this needs counts only.
"""

import math
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shared.statistics.estimates.lift import Ends, one_sided
from shared.statistics.result import checks
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.result.obstacles import Obstacle
from shared.statistics.sequential.beta_binomial import (
    LEAST_CONCENTRATION,
    checked_successes,
    log_mixture,
    log_mixture_slope,
)

Floats: TypeAlias = NDArray[np.float64]
Slope: TypeAlias = tuple[Floats, Floats]
"""A function's value and its derivative."""

_STEPS: Final = 60
"""Newton's method needs about ten; halving alone would need 50."""

_LAST_STEP: Final = 1e-11
"""After so small a step of Newton's method, what is left is its square."""

_TOLERANCE: Final = 1e-13
"""Of rates, and of shares of a range, where there was halving."""

EXACT_SEQUENCE: Final = Method(
    "exact confidence sequence for proportions (beta-binomial mixtures)",
    Validity.ANY_TIME,
    (
        "units are independent of each other, each either a success or not",
        "each arm's rate stays as it is; weights may change, and may even follow the data",
    ),
    "Howard, Ramdas, McAuliffe and Sekhon 2021; Kaufmann and Koolen 2021",
)


class _Arms(NamedTuple):
    """Holds successes and counts of both arms and the concentration of their mixtures."""

    treatment: tuple[Floats, Floats]
    control: tuple[Floats, Floats]
    concentration: float


class _Line(NamedTuple):
    """Holds all pairs of rates with one effect: an arm's are offset + m * direction, with m in [first, last].

    When the effect grows, the treatment's rate at m does so by swing[0] + m swing[1], and the control's falls by it.
    """

    treatment: tuple[Floats | float, Floats | float]
    control: tuple[Floats | float, Floats | float]
    first: Floats
    last: Floats
    swing: tuple[float, float]

    def rates(self, place: Floats) -> tuple[Floats, Floats]:
        """Returns the rates of treatment and control at m."""
        (first, rise), (second, climb) = self.treatment, self.control
        return np.clip(first + place * rise, 0.0, 1.0), np.clip(second + place * climb, 0.0, 1.0)


def anytime_proportion_comparison(
    treatment_successes: ArrayLike,
    treatment_count: ArrayLike,
    control_successes: ArrayLike,
    control_count: ArrayLike,
    *,
    optimal_unit_count: float,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
) -> Comparison:
    """Returns the effects on proportions, exact however few successes there are; shapes broadcast.

    Standard errors are those of unpooled proportions; they are shown and not used.

    Args:
        treatment_successes: Whole numbers, up to the count.
        treatment_count: Units so far.
        control_successes: As for the treatment.
        control_count: As for the treatment.
        optimal_unit_count: Units of both arms together, evenly split, at which the interval is tightest; to be set
            beforehand.
        alpha: Probability that the sequence ever misses the true rates, in (0, 0.5).
        alternative: Which effects count.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    alpha = checks.alpha(alpha)
    planned = float(checks.positive("optimal_unit_count", optimal_unit_count)) / 2
    first = checked_successes(treatment_successes, treatment_count)
    second = checked_successes(control_successes, control_count)
    checks.same_shape(treatment_count=first[1], control_count=second[1])
    s_t, n_t, s_c, n_c = np.broadcast_arrays(*first, *second)
    arms = _Arms((s_t, n_t), (s_c, n_c), _concentration(planned, alpha))
    obstacle = np.where((n_t == 0) | (n_c == 0), Obstacle.NO_UNITS, 0).astype(np.int8)
    with np.errstate(invalid="ignore", divide="ignore"):
        t, c = s_t / n_t, s_c / n_c
        error = np.sqrt(t * (1 - t) / n_t + c * (1 - c) / n_c)
    low, high = _ends(arms, _differences, t - c, (-1.0, 1.0), -math.log(alpha))
    low, high = one_sided(_where(obstacle, low), _where(obstacle, high), alternative)
    lift, ends = _lift(arms, t, c, -math.log(alpha), alternative)
    return Comparison(
        method=EXACT_SEQUENCE,
        alternative=alternative,
        alpha=alpha,
        treatment=t,
        control=c,
        treatment_unit_count=n_t,
        control_unit_count=n_c,
        difference=t - c,
        standard_error=error,
        difference_low=low,
        difference_high=high,
        lift=lift,
        lift_low=ends.low,
        lift_high=ends.high,
        p_value=_where(obstacle, _p_value(arms, t - c, alternative)),
        obstacle=obstacle,
        lift_obstacle=ends.obstacle,
        caution=np.zeros(t.shape, dtype=np.int32),
    )


def _concentration(planned: float, alpha: float) -> float:
    """Returns the concentration with which sets of two rates are tightest when each arm has the planned units.

    The boundary of z^2 is 2 (1 + 1 / x) (ln(1 + x) - ln alpha) with x = n / (c + 1); it is least where x is
    -W(-alpha / e) - 1 on the lower branch of Lambert's W.
    """
    ratio = -special.lambertw(-alpha / math.e, -1).real - 1
    return max(planned / float(ratio) - 1, LEAST_CONCENTRATION)


def _p_value(arms: _Arms, difference: Floats, alternative: Alternative) -> Floats:
    """Returns 1 / E at the pair of equal rates that fits best; 1 where the effect is on the wrong side."""
    evidence = _least(arms, _differences(np.zeros(difference.shape)))[0]
    against = {
        Alternative.TWO_SIDED: np.zeros(difference.shape, dtype=np.bool_),
        Alternative.GREATER: ~(difference > 0),
        Alternative.LESS: ~(difference < 0),
    }[alternative]
    return np.where(against, 1.0, np.exp(-np.maximum(evidence, 0.0)))


def _lift(
    arms: _Arms, treatment: Floats, control: Floats, limit: float, alternative: Alternative
) -> tuple[Floats, Ends]:
    """Returns the lift and its interval; it has no bounds where the set of pairs reaches a control's rate of 0.

    That it does with no success in the control, and with a single one.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        share = treatment / (treatment + control)
    low, high = _ends(arms, _ratios, share, (0.0, 1.0), limit)
    blocked = np.where(high < 1 - 2 * _TOLERANCE, 0, Obstacle.CONTROL_NEAR_ZERO)
    blocked = np.where(control == 0, Obstacle.ZERO_CONTROL, blocked)
    blocked = np.where(np.isnan(treatment) | np.isnan(control), Obstacle.NO_UNITS, blocked).astype(np.int8)
    lift, low, high = (each / (1 - each) - 1 for each in (_where(blocked, part) for part in (share, low, high)))
    return lift, Ends(*one_sided(low, high, alternative), blocked)


def _differences(effect: Floats) -> _Line:
    """Returns the pairs of rates whose difference is the effect."""
    half = effect / 2
    return _Line((half, 1.0), (-half, 1.0), np.abs(half), 1 - np.abs(half), (0.5, 0.0))


def _ratios(share: Floats) -> _Line:
    """Returns the pairs of rates of whose sum the treatment's is the given share."""
    last = 1 / np.maximum(share, 1 - share)
    return _Line((0.0, share), (0.0, 1 - share), np.zeros(share.shape), last, (0.0, 1.0))


def _ends(
    arms: _Arms, line: Callable[[Floats], _Line], estimate: Floats, range_: tuple[float, float], limit: float
) -> tuple[Floats, Floats]:
    """Returns the smallest and the largest effect whose line still has pairs with ln E below the limit."""
    start = np.where(np.isnan(estimate), sum(range_) / 2, estimate)

    def end(farthest: float) -> Floats:
        way = farthest - start

        def excess(step: Floats) -> Slope:
            value, slope = _least(arms, line(start + step * way))
            return value - limit, slope * way

        return np.asarray(start + _root(excess, np.zeros(start.shape), np.ones(start.shape)) * way)

    return end(range_[0]), end(range_[1])


def _least(arms: _Arms, line: _Line) -> Slope:
    """Returns the least ln E on a line and how it changes with the line's effect; ln E is convex along the line."""
    (_, rise), (_, climb) = line.treatment, line.control

    def slopes(place: Floats) -> tuple[Slope, Slope]:
        treatment, control = line.rates(place)
        return (
            log_mixture_slope(*arms.treatment, treatment, arms.concentration),
            log_mixture_slope(*arms.control, control, arms.concentration),
        )

    def along(place: Floats) -> Slope:
        first, second = slopes(place)
        return rise * first[0] + climb * second[0], rise**2 * first[1] + climb**2 * second[1]

    place = _root(along, line.first, line.last)
    treatment, control = line.rates(place)
    value = log_mixture(*arms.treatment, treatment, arms.concentration)
    value = value + log_mixture(*arms.control, control, arms.concentration)
    first, second = slopes(place)
    return value, (line.swing[0] + line.swing[1] * place) * (first[0] - second[0])


def _root(rising: Callable[[Floats], Slope], low: Floats, high: Floats) -> Floats:
    """Returns where a rising function is 0, or the end next to it: Newton's steps, halving where they do not help."""
    place, before = (low + high) / 2, np.full(low.shape, np.inf)
    settled = np.zeros(low.shape, dtype=np.bool_)
    for _ in range(_STEPS):
        value, slope = rising(place)
        low, high = np.where(value > 0, low, place), np.where(value > 0, place, high)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            following = place - value / slope
        helps = (low < following) & (following < high) & (np.abs(value) < before / 2)
        following, before = np.where(helps, following, (low + high) / 2), np.abs(value)
        step, place = np.abs(following - place), np.where(settled, place, following)
        settled |= step <= np.where(helps, _LAST_STEP, _TOLERANCE)
        if settled.all():
            break
    return place


def _where(obstacle: NDArray[np.int8], values: Floats) -> Floats:
    """Returns the values, NaN where an obstacle is."""
    return np.where(obstacle == 0, values, np.nan)
