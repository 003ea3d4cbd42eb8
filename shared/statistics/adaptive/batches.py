"""What a bandit leaves behind: the moments and the propensities of every arm under every policy version."""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.aggregates.moments import Moments

Floats: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.intp]

SUM_TOLERANCE: Final = 1e-6
"""How far propensities of a batch may be from summing to 1: they are logged as rounded numbers."""


@dataclass(frozen=True, slots=True)
class Batches:
    """Holds what was seen of K arms under B policy versions, in the order of time, for any leading axes L.

    Under one policy version an arm's propensity is the same for all units. Units belong to the version that allocated
    them, however late their outcomes came.

    Attributes:
        moments: Of one variable, shape L + (B, K).
        propensities: Probabilities with which units were really allocated (after floor and mixing), shape L + (B, K);
            NaN where none was logged.
    """

    moments: Moments
    propensities: Floats

    @classmethod
    def of(cls, moments: Moments, propensities: ArrayLike) -> "Batches":
        """Returns checked batches.

        Args:
            moments: Of one variable, shape L + (B, K).
            propensities: Shape L + (B, K), or what broadcasts to it, such as (B, K).

        Raises:
            InvalidArgument: INVALID_FIELD: shapes do not fit, a propensity is not in [0, 1], those of a batch do not
                sum to 1, or an arm has units that it had no chance of.
        """
        if moments.variable_count != 1 or len(moments.shape) < 2 or 0 in moments.shape[-2:]:
            shape, variables = moments.shape, moments.variable_count
            raise invalid_field("moments", f"shape {shape} of {variables} variables, must be (..., batches, arms) of 1")
        logged = np.asarray(propensities, dtype=np.float64)
        try:
            spread = np.broadcast_to(logged, moments.shape)
        except ValueError:
            raise invalid_field("propensities", f"shape {logged.shape} does not fit {moments.shape}") from None
        _check_propensities(spread, moments.count)
        return cls(moments, spread)

    @property
    def shape(self) -> tuple[int, ...]:
        """Returns the leading shape L."""
        return self.moments.shape[:-2]

    @property
    def batch_count(self) -> int:
        """Returns B."""
        return self.moments.shape[-2]

    @property
    def arm_count(self) -> int:
        """Returns K."""
        return self.moments.shape[-1]

    @property
    def count(self) -> Floats:
        """Returns units of each arm in each batch, shape L + (B, K)."""
        return self.moments.count

    @property
    def mean(self) -> Floats:
        """Returns means of each arm in each batch, shape L + (B, K); 0 where there are no units."""
        return np.asarray(self.moments.mean[..., 0])

    @property
    def squares(self) -> Floats:
        """Returns squared deviations from those means, summed, shape L + (B, K)."""
        return np.asarray(self.moments.products[..., 0, 0])

    def arms(self, treatment: ArrayLike, control: ArrayLike) -> tuple[Indexes, Indexes]:
        """Returns the indexes of C treatments and C controls, each of shape (C,).

        Raises:
            InvalidArgument: INVALID_FIELD: not the index of an arm, an arm beside itself, or shapes that do not fit.
        """
        treatments, controls = (_arm_indexes(arms, self.arm_count) for arms in (treatment, control))
        try:
            treatments, controls = np.broadcast_arrays(treatments, controls)
        except ValueError:
            raise invalid_field("treatment", f"{treatments.size} treatments, {controls.size} controls") from None
        if (treatments == controls).any():
            raise invalid_field("treatment", "must not be its own control")
        return treatments, controls


def _arm_indexes(arms: ArrayLike, arm_count: int) -> Indexes:
    indexes = np.atleast_1d(np.asarray(arms))
    if indexes.ndim != 1 or indexes.dtype.kind not in "iu" or not ((indexes >= 0) & (indexes < arm_count)).all():
        raise invalid_field("treatment", f"{arms!r}, must be indexes of arms, 0 to {arm_count - 1}")
    return indexes.astype(np.intp)


def _check_propensities(propensities: Floats, count: Floats) -> None:
    missing = np.isnan(propensities)
    if not (missing | ((propensities >= 0) & (propensities <= 1))).all():
        raise invalid_field("propensities", "must be in [0, 1], or NaN where none was logged")
    sums = propensities.sum(axis=-1)
    off = np.abs(sums - 1) > SUM_TOLERANCE
    if off.any():
        raise invalid_field("propensities", f"those of a batch sum to {sums[off].flat[0]:g}, must be 1")
    if ((propensities == 0) & (count > 0)).any():
        raise invalid_field("propensities", "an arm has units although its propensity is 0")
