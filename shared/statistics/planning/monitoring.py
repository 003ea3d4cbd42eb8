"""When an experiment is looked at, and beyond which z-scores a look shows the claim."""

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import invalid_field
from shared.statistics.result import checks
from shared.statistics.result.method import Alternative
from shared.statistics.sequential import normal_mixture
from shared.statistics.sequential.group_sequential import Bounds, obrien_fleming_bounds, pocock_bounds, z_bounds
from shared.statistics.sequential.spending import OBRIEN_FLEMING_TYPE, Spending

Floats: TypeAlias = NDArray[np.float64]

MOST_LOOKS: Final = 365
"""Planning for as many looks takes about a second."""


class Classical(StrEnum):
    """Says how bounds fall over looks that are all known beforehand: not at all, or as 1 / sqrt(t)."""

    POCOCK = "POCOCK"
    OBRIEN_FLEMING = "OBRIEN_FLEMING"


@dataclass(frozen=True, slots=True)
class FixedLook:
    """Means one look, at the end."""


@dataclass(frozen=True, slots=True)
class AnyTime:
    """Means a normal-mixture confidence sequence, looked at as often as one likes.

    Attributes:
        look_count: Looks, equally spaced in units, the last one at the end: a day or a batch each. It changes the
            power a little and the error rate not at all.
        tuned_at: Units at which the sequence is tightest, over those at the end.
    """

    look_count: int = 28
    tuned_at: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.look_count <= MOST_LOOKS:
            raise invalid_field("look_count", f"{self.look_count}, must be from 1 to {MOST_LOOKS}")
        checks.positive("tuned_at", self.tuned_at)


@dataclass(frozen=True, slots=True)
class GroupSequential:
    """Means few looks that are planned beforehand, and an error rate that is spent over them.

    Attributes:
        fractions: Units at each look over those at the end: rising, the last one 1.
        spending: How the error rate is spent.
    """

    fractions: tuple[float, ...]
    spending: Spending | Classical = OBRIEN_FLEMING_TYPE

    def __post_init__(self) -> None:
        rising = all(earlier < later for earlier, later in pairwise((0.0, *self.fractions)))
        if not (self.fractions and rising and math.isclose(self.fractions[-1], 1)):
            raise invalid_field("fractions", f"{self.fractions}, must rise from above 0 to 1")


Monitoring: TypeAlias = FixedLook | AnyTime | GroupSequential
Looks: TypeAlias = AnyTime | GroupSequential


def fractions(monitoring: Looks) -> Floats:
    """Returns the units at each look over those at the end."""
    if isinstance(monitoring, AnyTime):
        return np.arange(1, monitoring.look_count + 1) / monitoring.look_count
    return np.array(monitoring.fractions)


def bounds(monitoring: Looks, *, alpha: float, alternative: Alternative) -> Bounds:
    """Returns the z-scores beyond which each look shows the claim, in the direction of the alternative."""
    times = fractions(monitoring)
    if isinstance(monitoring, AnyTime):
        return _mixture_bounds(times, monitoring.tuned_at, alpha, alternative)
    if monitoring.spending is Classical.POCOCK:
        return pocock_bounds(list(times), alpha=alpha, alternative=alternative)
    if monitoring.spending is Classical.OBRIEN_FLEMING:
        return obrien_fleming_bounds(list(times), alpha=alpha, alternative=alternative)
    return z_bounds(list(times), alpha=alpha, alternative=alternative, spending=monitoring.spending)


def _mixture_bounds(times: Floats, tuned_at: float, alpha: float, alternative: Alternative) -> Bounds:
    precision = normal_mixture.precision_for(tuned_at, alpha=alpha, alternative=alternative)
    sums = normal_mixture.radius(times, precision=precision, alpha=alpha, alternative=alternative)
    upper = sums / np.sqrt(times)
    return Bounds(-upper if alternative is Alternative.TWO_SIDED else np.full(times.shape, -np.inf), upper)
