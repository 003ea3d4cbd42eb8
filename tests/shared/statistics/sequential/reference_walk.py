"""Crossing probabilities the slow way: nested adaptive integrals over the joint normal density of three looks."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import integrate, stats


def crossing_at_third_look(
    lower: Sequence[float], upper: Sequence[float], information: Sequence[float], drift: float
) -> float:
    """Returns P(within the bounds at two looks, at or above the upper one at the third), to about 1e-11."""
    first, second, third = information

    def ending(later: float) -> float:
        step = third - second
        return float(stats.norm.sf((upper[2] * math.sqrt(third) - later - drift * step) / math.sqrt(step)))

    def density(later: float, early: float) -> float:
        step = second - first
        start = math.exp(-((early - drift * first) ** 2) / (2 * first)) / math.sqrt(2 * math.pi * first)
        move = math.exp(-((later - early - drift * step) ** 2) / (2 * step)) / math.sqrt(2 * math.pi * step)
        return start * move * ending(later)

    def edge(z: float, time: float) -> float:
        return float(np.clip(z, -9, 9)) * math.sqrt(time)

    found, _ = integrate.dblquad(
        density,
        edge(lower[0], first),
        edge(upper[0], first),
        edge(lower[1], second),
        edge(upper[1], second),
        epsabs=1e-12,
        epsrel=1e-11,
    )
    return float(found)
