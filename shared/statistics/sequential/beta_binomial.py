"""One proportion at any time, exactly: the mixture of Bernoulli likelihood ratios over a beta distribution.

For s successes in n units, a rate p to be judged, and shapes a = c p, b = c (1 - p) that are centred at it,

    E(p) = B(a + s, b + n - s) / B(a, b) / (p^s (1 - p)^(n - s))

has mean 1 at p whenever one stops; one-sided, the beta distribution is cut at p on both sides of the fraction (Robbins
1970; Howard, Ramdas, McAuliffe and Sekhon 2021, propositions 7 and 8). No approximation is involved: the sequence of
intervals { p : E(p) < 1 / alpha } ever misses the rate with probability alpha at most, however rare successes are.

ln E is convex in p: it is a sum of -(j / c) / (p (p + j / c)) over j < s and of their mirror images, when derived.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shared.errors import invalid_field
from shared.statistics.result import checks
from shared.statistics.result.method import Alternative
from shared.statistics.sequential import normal_mixture

Floats: TypeAlias = NDArray[np.float64]

LEAST_CONCENTRATION: Final = 1e-3
"""Where the optimal count is so small that no beta distribution is as flat (as in confseq)."""

_NARROWEST: Final = 1e-150
"""Rates are kept this far from 0, where the beta function has poles that cancel."""

_BISECTIONS: Final = 60


class RateInterval(NamedTuple):
    """Holds intervals for rates, within [0, 1]."""

    low: Floats
    high: Floats


def concentration_for(optimal_count: float, *, alpha: float, alternative: Alternative) -> float:
    """Returns the concentration c = a + b with which the interval is tightest at a number of units.

    c + 1 takes the place of the normal mixture's precision: the beta distribution's variance is p (1 - p) / (c + 1).

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    precision = float(normal_mixture.precision_for(optimal_count, alpha=alpha, alternative=alternative))
    return max(precision - 1, LEAST_CONCENTRATION)


def log_e_value(
    successes: ArrayLike, count: ArrayLike, rate: ArrayLike, *, concentration: float, alternative: Alternative
) -> Floats:
    """Returns ln E(p); shapes broadcast.

    Args:
        successes: Whole numbers, up to the count.
        count: Units so far.
        rate: The rate p to be judged, in [0, 1].
        concentration: c, above 0; see `concentration_for`.
        alternative: GREATER is evidence that the true rate is above p.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    hits, units = checked_successes(successes, count)
    p = checks.shares("rate", rate)
    weight = float(checks.positive("concentration", concentration))
    evidence = log_mixture(hits, units, p, weight)
    if alternative is Alternative.TWO_SIDED:
        return evidence
    tail = special.betaincc if alternative is Alternative.GREATER else special.betainc
    p = np.clip(p, _NARROWEST, 1 - 1e-16)
    with np.errstate(divide="ignore"):
        after = np.log(tail(weight * p + hits, weight * (1 - p) + units - hits, p))
        return np.asarray(evidence + after - np.log(tail(weight * p, weight * (1 - p), p)))


def rate_interval(
    successes: ArrayLike,
    count: ArrayLike,
    *,
    optimal_count: float,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
) -> RateInterval:
    """Returns the rates that are not ruled out, { p : E(p) < 1 / alpha }; GREATER gives lower ends, LESS upper ones.

    Args:
        successes: Whole numbers, up to the count; shapes broadcast.
        count: Units so far; without any, [0, 1] comes back.
        optimal_count: Number of units at which the interval is tightest, to be set beforehand.
        alpha: Probability that the sequence ever misses the rate, in (0, 0.5).
        alternative: Which end is wanted.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    hits, units = checked_successes(successes, count)
    limit = -np.log(checks.alpha(alpha))
    weight = concentration_for(optimal_count, alpha=alpha, alternative=alternative)

    def is_ruled_out(rate: Floats) -> NDArray[np.bool_]:
        return np.asarray(log_e_value(hits, units, rate, concentration=weight, alternative=alternative) >= limit)

    share = hits / np.maximum(units, 1)
    low, high = np.zeros(share.shape), np.ones(share.shape)
    if alternative is not Alternative.LESS:
        low = _edge(is_ruled_out, low, share)
    if alternative is not Alternative.GREATER:
        high = _edge(is_ruled_out, high, share)
    return RateInterval(low, high)


def log_mixture(successes: Floats, count: Floats, rate: Floats, concentration: float) -> Floats:
    """Returns the two-sided ln E(p) of arguments that are not checked."""
    p, q = np.maximum(rate, _NARROWEST), np.maximum(1 - rate, _NARROWEST)
    misses = count - successes
    prior = special.betaln(concentration * p, concentration * q)
    posterior = special.betaln(concentration * p + successes, concentration * q + misses)
    return np.asarray(posterior - prior - special.xlogy(successes, rate) - special.xlogy(misses, 1 - rate))


def log_mixture_slope(successes: Floats, count: Floats, rate: Floats, concentration: float) -> tuple[Floats, Floats]:
    """Returns the first and the second derivative of `log_mixture` by the rate; the second is 0 or more."""
    first, second = _half_slope(successes, rate, concentration)
    mirrored, bend = _half_slope(count - successes, 1 - rate, concentration)
    return first - mirrored, second + bend


def checked_successes(successes: ArrayLike, count: ArrayLike) -> tuple[Floats, Floats]:
    """Returns both, broadcast.

    Raises:
        InvalidArgument: INVALID_FIELD: not whole numbers, or more successes than units.
    """
    hits, units = checks.counts("successes", successes), checks.counts("count", count)
    checks.same_shape(successes=hits, count=units)
    hits, units = np.broadcast_arrays(hits, units)
    if (hits > units).any():
        raise invalid_field("successes", "more successes than units")
    return hits, units


def _half_slope(hits: Floats, rate: Floats, concentration: float) -> tuple[Floats, Floats]:
    """Returns what successes contribute to the derivatives; misses contribute the same in 1 - p."""
    p = np.maximum(rate, _NARROWEST)
    shape = concentration * p
    first = concentration * (special.digamma(shape + hits) - special.digamma(shape)) - hits / p
    bend = _trigamma(shape + hits) - _trigamma(shape)
    return first, np.asarray(concentration**2 * bend + hits / p**2)


def _trigamma(x: Floats) -> Floats:
    """Returns the derivative of digamma to 3 digits at least, for Newton's steps: scipy's is 20 times as slow.

    Abramowitz and Stegun 1964, 6.4.6 and 6.4.12.
    """
    y = x + 2
    return np.asarray(1 / x**2 + 1 / (x + 1) ** 2 + 1 / y + 1 / (2 * y**2) + 1 / (6 * y**3) - 1 / (30 * y**5))


def _edge(is_ruled_out: Callable[[Floats], NDArray[np.bool_]], outside: Floats, inside: Floats) -> Floats:
    """Returns where rates begin to be ruled out, from a rate that is not towards one that may be."""
    end = outside
    never = ~is_ruled_out(outside)
    for _ in range(_BISECTIONS):
        middle = (outside + inside) / 2
        out = is_ruled_out(middle)
        outside, inside = np.where(out, middle, outside), np.where(out, inside, middle)
    return np.where(never, end, outside)
