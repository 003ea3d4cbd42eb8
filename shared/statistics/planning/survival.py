"""How likely a monitored experiment is to cross its bounds, and when, for any drift, from one recursion.

Before it is stopped, the score process S(t) = Z sqrt(t) is a Brownian motion. With drift theta its density is the one
without drift times exp(theta S(t) - theta^2 t / 2) (Cameron and Martin 1944), so that the walks that have stayed
inside the bounds by a look have to be followed with one drift only.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.planning.monitoring import Looks, bounds, fractions
from shared.statistics.result.method import Alternative
from shared.statistics.sequential import crossing
from shared.statistics.sequential.crossing import Walks

Floats: TypeAlias = NDArray[np.float64]

LEAST_DRIFT: Final = -4.0
"""One-sided, smaller drifts count as this one: what is shown in spite of it is below 1e-7 for any alpha up to 0.05."""


@dataclass(frozen=True, slots=True)
class Survival:
    """Holds the walks that no look has ended, for each look.

    Attributes:
        times: Units at each look over those at the end.
        walks: Those that go on after each look, with the drift of `origin`.
        origin: Drift of the walks; answers are exact near it and above.
        least_drift: Smaller drifts count as this one.
    """

    times: Floats
    walks: tuple[Walks, ...]
    origin: float
    least_drift: float

    def crossed(self, drift: Floats) -> Floats:
        """Returns the probability to have crossed a bound by the last look; the drift is the mean of Z at the end."""
        return np.clip(1 - self._stayed(self.walks[-1], drift), 0.0, 1.0)

    def expected_time(self, drift: Floats) -> Floats:
        """Returns the mean time of the first crossing, or of the last look where none comes before."""
        waits = np.diff(self.times)
        stayed = [wait * self._stayed(walks, drift) for wait, walks in zip(waits, self.walks[:-1], strict=True)]
        return np.asarray(self.times[0] + sum(stayed, np.zeros(drift.shape)))

    def _stayed(self, walks: Walks, drift: Floats) -> Floats:
        tilt = np.maximum(drift, self.least_drift)[..., None]
        exponent = (tilt - self.origin) * walks.points - (tilt**2 - self.origin**2) * walks.time / 2
        return np.asarray(np.exp(exponent) @ walks.masses)


@lru_cache(maxsize=64)
def survival(monitoring: Looks, *, alpha: float, is_two_sided: bool) -> Survival:
    """Returns the walks that stay inside the bounds of every look."""
    alternative = Alternative.TWO_SIDED if is_two_sided else Alternative.GREATER
    # One-sided walks may go down as far as they like: following those that drift down keeps them in sight.
    origin, least = (0.0, -math.inf) if is_two_sided else (LEAST_DRIFT / 2, LEAST_DRIFT)
    times, limits = fractions(monitoring), bounds(monitoring, alpha=alpha, alternative=alternative)
    steps = np.diff(times, append=2 * times[-1])
    walks, stays = crossing.START, []
    for time, low, high, step in zip(times, limits.lower, limits.upper, steps, strict=True):
        walks = crossing.stay(walks, float(time), float(low), float(high), drift=origin, next_step=float(step))
        stays.append(walks)
    return Survival(times, tuple(stays), origin, least)
