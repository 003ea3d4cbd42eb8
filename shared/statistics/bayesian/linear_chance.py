"""Chances and quantiles of what independent posteriors make together, by Gauss-Legendre panels; nothing is drawn.

For one arm with density f, others with distribution functions F_j, a slope k and an offset d:

    P(every other <= k arm + d)   = integral f(x) prod_j F_j(k x + d) dx

With one other and k = 1 it is the distribution function of the difference, at d; with d = 0 that of the ratio, at k.
Panels end at quantiles of all that take part, so that each is resolved however wide or narrow it is beside the others,
and they lie on the line on which the one arm's density is smooth. Against adaptive quadrature and closed forms, chances
are right to 1e-8 where Beta and Gamma parameters are 1 or more and Student's degrees of freedom above 2, and to 1e-6
where parameters are 1/2 or more.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy import special

from shared.statistics.bayesian.posterior import Posterior

Floats = NDArray[np.float64]
Chance: TypeAlias = Callable[[Floats, Floats], Floats]

_NODES, _WEIGHTS = legendre.leggauss(6)
_LOWER_SHARES: Final = (1e-10, 1e-7, 1e-5, 1e-3, 0.01, 0.05, 0.2)
_SHARES: Final = np.array([*_LOWER_SHARES, 0.5, *(1 - share for share in reversed(_LOWER_SHARES))])

_CLOSE: Final = 1e-10
"""In standard normal deviates: how near to its probability a quantile is."""
_MOST_STEPS: Final = 100


def chance_of(others: Posterior, arm: Posterior, *, every_other_above: bool = False) -> Chance:
    """Returns the function of slopes and offsets that gives P(every other <= slope arm + offset).

    Args:
        others: Shape S + (J,), of one family with the arm.
        arm: Shape S. The function takes and returns arrays of shape S; it is NaN where a parameter is.
        every_other_above: Asks for P(every other > slope arm + offset) instead.
    """
    rivals, single = others[..., None], arm[..., None]
    own = single.quantile(_SHARES)
    theirs = rivals.quantile(_SHARES).reshape(*arm.shape, -1)

    def chance(slope: Floats, offset: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings = (theirs - offset[..., None]) / slope[..., None]
        ends = np.fmin(np.fmax(crossings, own[..., :1]), own[..., -1:])
        edges = single.to_line(np.sort(np.concatenate([own, ends], axis=-1), axis=-1))
        half = np.diff(edges)[..., None] / 2
        places = (edges[..., :-1, None] + half * (1 + _NODES)).reshape(*arm.shape, -1)
        value, stretch = single.from_line(places)
        mass = (half * _WEIGHTS).reshape(places.shape) * stretch * single.density(value)
        reached = slope[..., None] * value + offset[..., None]
        below = rivals.chance_below(reached[..., None, :])
        together = (1 - below if every_other_above else below).prod(axis=-2)
        return np.asarray((mass * together).sum(axis=-1) / mass.sum(axis=-1))

    return chance


def quantile(function: Callable[[Floats], Floats], share: float, low: Floats, high: Floats) -> Floats:
    """Returns where a monotone chance has the share: regula falsi (Illinois) on the scale of normal deviates.

    Args:
        function: Of an array like low; NaN stays NaN.
        share: In (0, 1).
        low: An end of the bracket; the other one is high.
        high: The chances there are on either side of the share.
    """
    target = special.ndtri(share)

    def excess(place: Floats) -> Floats:
        return np.asarray(np.clip(special.ndtri(function(place)), -40, 40) - target)

    first, last = excess(low), excess(high)
    place, miss = low, first
    for _ in range(_MOST_STEPS):
        with np.errstate(divide="ignore", invalid="ignore"):
            place = np.where(first == last, low, high - last * (high - low) / (last - first))
        miss = excess(place)
        if not (np.abs(miss) > _CLOSE).any():
            break
        # The end that stays twice counts half, so that it moves too.
        crossed = miss * last < 0
        low, first = np.where(crossed, high, low), np.where(crossed, last, first / 2)
        high, last = place, miss
    return place
