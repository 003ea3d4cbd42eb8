"""What every posterior can tell, whatever its family: mean, quantiles, density, intervals, a curve for a chart."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.statistics.result import checks
from shared.statistics.result.obstacles import Obstacle

Floats = NDArray[np.float64]

CURVE_TAIL = 5e-4
"""What a chart leaves out on either side."""


class Curve(NamedTuple):
    """Is a density for a chart; both arrays have the posteriors' shape and an axis of points more."""

    place: Floats
    density: Floats


class BestArm(NamedTuple):
    """Holds each arm's probability of being best and its expected loss, in the metric's unit; shape (K,)."""

    probability: Floats
    loss: Floats


@dataclass(frozen=True, slots=True)
class Posterior(ABC):
    """Holds independent posteriors of arms, for any shape S, such as (metrics, segments, arms).

    Parameters are NaN exactly where `obstacle` is not 0, and so is all that is derived from them. Methods take
    arguments that broadcast with S; `posterior[..., None]` makes room for an axis of points.

    Attributes:
        unit_count: Units of analysis; their exposure where the metric is a rate.
        obstacle: `Obstacle` as int8.
        caution: `Caution` as int32.
    """

    unit_count: Floats
    obstacle: NDArray[np.int8]
    caution: NDArray[np.int32]

    @property
    def shape(self) -> tuple[int, ...]:
        """Returns S."""
        return self.unit_count.shape

    def __getitem__(self, index: Any) -> Self:
        """Returns some of the posteriors, with NumPy's rules for indexing."""
        return type(self)(*(column[index] for column in self.columns))

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """Returns the arrays, in the order of the attributes."""
        return tuple(getattr(self, field.name) for field in fields(self))

    @property
    def parameters(self) -> tuple[Floats, ...]:
        """Returns the family's own arrays."""
        return self.columns[3:]

    @abstractmethod
    def mean(self) -> Floats:
        """Returns posterior means, in the metric's unit."""

    @abstractmethod
    def standard_deviation(self) -> Floats:
        """Returns posterior standard deviations, in the metric's unit."""

    @abstractmethod
    def quantile(self, share: ArrayLike) -> Floats:
        """Returns the value that the metric is below with that probability."""

    @abstractmethod
    def chance_below(self, value: Floats) -> Floats:
        """Returns the probability of the metric's being that value or less."""

    @abstractmethod
    def density(self, value: Floats) -> Floats:
        """Returns the density, in one over the metric's unit; 0 outside of what is possible."""

    @abstractmethod
    def to_line(self, value: Floats) -> Floats:
        """Returns where a possible value lies on the line on which the density is smooth everywhere."""

    @abstractmethod
    def from_line(self, place: Floats) -> tuple[Floats, Floats]:
        """Returns the value that lies there, and its derivative."""

    @abstractmethod
    def peaks_at_zero(self) -> NDArray[np.bool_]:
        """Returns where 0 is the most likely value: nothing but the prior keeps the metric from being 0."""

    @abstractmethod
    def best_arm(self, *, lower_is_better: bool) -> BestArm:
        """Returns which of K posteriors without obstacles, shape (K,), is best."""

    def interval(self, *, alpha: float = 0.05) -> tuple[Floats, Floats]:
        """Returns the ends of equal-tailed credible intervals of probability 1 - alpha.

        Raises:
            InvalidArgument: INVALID_FIELD: alpha is not in (0, 0.5).
        """
        tail = checks.alpha(alpha) / 2
        return self.quantile(tail), self.quantile(1 - tail)

    def ratio_obstacle(self, tail: float) -> NDArray[np.int8]:
        """Returns what keeps others from being put in relation to these.

        ZERO_CONTROL where they peak at 0, CONTROL_NEAR_ZERO where either sign has more than that probability.
        """
        negative = self.chance_below(np.zeros(self.shape))
        unsure = (negative > tail) & (negative < 1 - tail)
        obstacle = np.where(unsure, Obstacle.CONTROL_NEAR_ZERO, Obstacle.NONE)
        return np.where(self.peaks_at_zero(), Obstacle.ZERO_CONTROL, obstacle).astype(np.int8)

    def curve(self, *, point_count: int = 101) -> Curve:
        """Returns the density at evenly spaced points, from the 0.05 % to the 99.95 % quantile."""
        low, high = self.quantile(CURVE_TAIL)[..., None], self.quantile(1 - CURVE_TAIL)[..., None]
        place = low + (high - low) * np.linspace(0, 1, point_count)
        return Curve(place, self[..., None].density(place))


def log_ratio(value: Floats, centre: Floats) -> Floats:
    """Returns log(value / centre) of values above 0, to the last digit near the centre too."""
    step = (value - centre) / centre
    near = np.abs(step) < 0.5
    return np.where(near, np.log1p(np.where(near, step, 0.0)), np.log(value / centre))


def stacked(*posteriors: Posterior) -> Posterior:
    """Returns posteriors of one family with a last axis of arms more; shapes broadcast."""
    shape = np.broadcast_shapes(*(posterior.shape for posterior in posteriors))
    columns = zip(*(posterior.columns for posterior in posteriors), strict=True)
    return type(posteriors[0])(
        *(np.stack([np.broadcast_to(part, shape) for part in column], axis=-1) for column in columns)
    )
