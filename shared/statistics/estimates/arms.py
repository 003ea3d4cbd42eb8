"""What every test compares: a value for each arm and how precise it is."""

from dataclasses import dataclass
from types import EllipsisType

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]
Flags = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class ArmEstimates:
    """Holds values of arms, for any shape S; the arms' errors are independent but for `common_variance`.

    The variance of an arm is `variance + common_variance`, the covariance of two arms the mean of their
    `common_variance`, the variance of their difference the sum of their `variance`: what arms have in common (an
    estimated covariate mean) leaves a difference alone, yet not a ratio.

    Attributes:
        value: In the metric's unit; NaN where `obstacle` is NO_UNITS, ZERO_DENOMINATOR or the like.
        variance: Of the value's own error, 0 or more.
        common_variance: Of what the arms share; 0 where they share nothing, and below 0 where an arm's own error works
            against it.
        degrees_of_freedom: Of the variance; inf where the normal distribution is meant.
        unit_count: Units of analysis.
        obstacle: `Obstacle` as int8.
        caution: `Caution` as int32.
    """

    value: Floats
    variance: Floats
    common_variance: Floats
    degrees_of_freedom: Floats
    unit_count: Floats
    obstacle: Codes
    caution: Flags

    @property
    def shape(self) -> tuple[int, ...]:
        """Returns the common shape."""
        return self.value.shape

    def __getitem__(self, index: int | slice | tuple[int | slice | EllipsisType | None, ...]) -> "ArmEstimates":
        """Returns some of the arms."""
        return ArmEstimates(
            self.value[index],
            self.variance[index],
            self.common_variance[index],
            self.degrees_of_freedom[index],
            self.unit_count[index],
            self.obstacle[index],
            self.caution[index],
        )
