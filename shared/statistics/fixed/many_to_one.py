"""Integrates over what comparisons with one control have in common: the chance that any of them is beyond a bound.

The statistics t_i = (T_i - C) / (S sqrt(V_i + V_C)) have correlations l_i l_j with l_i = sqrt(V_C / (V_i + V_C)), so
that given the control's error z and the scale s they are independent (Dunnett 1955; Dunnett and Sobel 1955):

    P(any t_i > c) = E_s E_z [ 1 - prod_i Phi((c s + l_i z) / sqrt(1 - l_i^2)) ]

and, two-sided, with the mass between -c s and c s for Phi. z is normal, s^2 chi-square over its degrees of freedom.
Gauss-Legendre panels over z and over log s, on which both densities are smooth; no chance is involved. The error is
below 1e-13, absolute, for 2 degrees of freedom and more (3e-10 for one). l_i^2 above 1 - 1e-6 counts as 1 - 1e-6.
"""

import math
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy import special

from shared.kernels.jit import jit

Floats: TypeAlias = NDArray[np.float64]

FARTHEST: Final = 8.5
"""Standard deviations beyond which the normal distribution has less than 2e-17."""
SHARPEST: Final = 1 - 1e-6
SCALE_TAIL: Final = 1e-15
"""Mass of the scale's distribution that is left out on either side."""
NEARLY_NORMAL: Final = 10
"""Degrees of freedom from which on the density of log s is smooth enough for few nodes."""
TOLERANCE: Final = 1e-12

_NODES, _WEIGHTS = legendre.leggauss(16)
_FEW_SCALES, _MANY_SCALES = legendre.leggauss(48), legendre.leggauss(128)


class Family(NamedTuple):
    """Holds what comparisons with one control have in common.

    Attributes:
        loadings: l_i, shape (comparisons,).
        rests: sqrt(1 - l_i^2).
        scales, masses: Nodes of s and the mass of its distribution at each.
        two_sided: Whether statistics far below 0 count, too.
    """

    loadings: Floats
    rests: Floats
    scales: Floats
    masses: Floats
    two_sided: bool


def family_of(loadings: Floats, freedom: float, *, two_sided: bool) -> Family:
    """Returns the family; the degrees of freedom of its scale are inf where it is known."""
    squares = np.minimum(loadings**2, SHARPEST)
    return Family(np.sqrt(squares), np.sqrt(1 - squares), *_scales(freedom), two_sided)


def beyond(bound: float, family: Family) -> float:
    """Returns the chance that any statistic is above the bound, or that far from 0 where the family is two-sided."""
    return float(_integral(bound, family))


def bound_of(alpha: float, freedom: float, family: Family) -> float:
    """Returns the bound that any statistic passes with chance alpha.

    It is between those of one comparison at alpha and at alpha over their number (Bonferroni).
    """
    tail = alpha / 2 if family.two_sided else alpha
    low, high = -special.stdtrit(freedom, tail), -special.stdtrit(freedom, tail / family.loadings.size)
    return float(_root(alpha, low, high, family))


def _scales(freedom: float) -> tuple[Floats, Floats]:
    if math.isinf(freedom):
        return np.ones(1), np.ones(1)
    shape = freedom / 2
    low, high = special.gammaincinv(shape, SCALE_TAIL) / shape, special.gammainccinv(shape, SCALE_TAIL) / shape
    nodes, weights = _FEW_SCALES if freedom >= NEARLY_NORMAL else _MANY_SCALES
    place = np.log(low) + np.log(high / low) / 2 * (1 + nodes)
    # The density of log s^2, up to its constant; with expm1 nothing large cancels near s = 1.
    mass = weights * np.exp(-shape * (np.expm1(place) - place))
    return np.exp(place / 2), mass / mass.sum()


@jit
def _root(alpha: float, low: float, high: float, family: Family) -> float:
    """Returns where the integral is alpha, by the Illinois method on its logarithm."""
    at_low = np.log(_integral(low, family) / alpha)
    at_high = np.log(_integral(high, family) / alpha)
    if at_low <= 0:
        return low
    if at_high >= 0:
        return high
    side = 0
    for _ in range(100):
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        at_middle = np.log(_integral(middle, family) / alpha)
        if abs(at_middle) < TOLERANCE or high - low < TOLERANCE * high:
            return float(middle)
        if at_middle > 0:
            low, at_low = middle, at_middle
            at_high = at_high / 2 if side == 1 else at_high
            side = 1
        else:
            high, at_high = middle, at_middle
            at_low = at_low / 2 if side == -1 else at_low
            side = -1
    return (low + high) / 2


@jit
def _integral(bound: float, family: Family) -> float:
    """Returns the chance that any statistic is beyond the bound, added up from what is beyond it: nothing cancels."""
    sharpest = (family.rests / np.maximum(family.loadings, 1e-3)).min()
    panels = max(4, int(np.ceil(2 * FARTHEST / (4 * sharpest))))
    half = FARTHEST / panels
    total = 0.0
    for panel in range(panels):
        for node in range(_NODES.size):
            z = -FARTHEST + half * (2 * panel + 1 + _NODES[node])
            weight = half * _WEIGHTS[node] * np.exp(-z * z / 2)
            for place in range(family.scales.size):
                total += weight * family.masses[place] * _any_beyond(bound * family.scales[place], z, family)
    return total / math.sqrt(2 * math.pi)


@jit
def _any_beyond(reach: float, z: float, family: Family) -> float:
    """Returns 1 - prod (1 - tail_i), without a difference of large numbers."""
    any_beyond = 0.0
    for arm in range(family.loadings.size):
        shift = family.loadings[arm] * z
        scale = family.rests[arm] * math.sqrt(2.0)
        tail = math.erfc((reach + shift) / scale) / 2
        if family.two_sided:
            tail += math.erfc((reach - shift) / scale) / 2
        any_beyond += (1 - any_beyond) * tail
    return any_beyond
