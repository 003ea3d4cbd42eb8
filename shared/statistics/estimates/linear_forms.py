"""Means and ratios of means as quantities that vary together: their values and what one unit adds to each."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.aggregates.moments import Moments

Floats: TypeAlias = NDArray[np.float64]


class Quantity(NamedTuple):
    """Is the mean of a variable, or the ratio of the means of two; both are positions in `Moments`."""

    numerator: int
    denominator: int | None = None


class Linearised(NamedTuple):
    """Holds Q quantities of samples of shape S, as if each were a mean of one variable.

    Attributes:
        value: Shape S + (Q,); NaN where a denominator's mean is 0.
        covariance: Between what single units add (divisor n - 1), shape S + (Q, Q).
    """

    value: Floats
    covariance: Floats


def linearised(moments: Moments, quantities: Sequence[Quantity]) -> Linearised:
    """Returns the quantities; a ratio N / D counts as the mean of (N_i - (N / D) D_i) / D (delta method).

    Source: Deng, Knoblich and Lu 2018, section 3.
    """
    value = np.empty((*moments.shape, len(quantities)))
    gradient = np.zeros((*moments.shape, len(quantities), moments.variable_count))
    for place, (numerator, denominator) in enumerate(quantities):
        below = 1.0 if denominator is None else moments.mean[..., denominator]
        with np.errstate(invalid="ignore", divide="ignore"):
            scale = np.where(below == 0, np.nan, 1 / below)
        value[..., place] = moments.mean[..., numerator] * scale
        gradient[..., place, numerator] = scale
        if denominator is not None:
            gradient[..., place, denominator] = -value[..., place] * scale
    return Linearised(value, gradient @ moments.covariance() @ np.swapaxes(gradient, -1, -2))
