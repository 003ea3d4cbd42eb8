"""Means and ratios of means as quantities that vary together: their values and what one unit adds to each."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.ratios import LEAST_DENOMINATOR, PRECISE_DENOMINATOR

Floats: TypeAlias = NDArray[np.float64]


class Quantity(NamedTuple):
    """Is the mean of a variable, or the ratio of the means of two; both are positions in `Moments`."""

    numerator: int
    denominator: int | None = None


class Linearised(NamedTuple):
    """Holds Q quantities of samples of shape S, as if each were a mean of one variable.

    Attributes:
        value: Shape S + (Q,); NaN where a denominator cannot be told from 0.
        covariance: Between what single units add (divisor n - 1), shape S + (Q, Q).
        is_precise: Whether every denominator is known well enough for the delta method, shape S.
    """

    value: Floats
    covariance: Floats
    is_precise: NDArray[np.bool_]


def linearised(moments: Moments, quantities: Sequence[Quantity]) -> Linearised:
    """Returns the quantities; a ratio N / D counts as the mean of (N_i - (N / D) D_i) / D (delta method).

    Source: Deng, Knoblich and Lu 2018.
    """
    shape = (*moments.shape, len(quantities))
    value, precision = np.empty(shape), np.full(shape, np.inf)
    gradient = np.zeros((*shape, moments.variable_count))
    for place, (numerator, denominator) in enumerate(quantities):
        value[..., place], gradient[..., place, numerator] = moments.mean[..., numerator], 1.0
        if denominator is None:
            continue
        precision[..., place] = _precision(moments, denominator)
        known = precision[..., place] > LEAST_DENOMINATOR
        scale = np.where(known, 1 / np.where(known, moments.mean[..., denominator], 1.0), np.nan)
        value[..., place] *= scale
        gradient[..., place, numerator] = scale
        gradient[..., place, denominator] = -value[..., place] * scale
    covariance = gradient @ moments.covariance() @ np.swapaxes(gradient, -1, -2)
    return Linearised(value, covariance, np.asarray((precision >= PRECISE_DENOMINATOR).all(-1)))


def _precision(moments: Moments, variable: int) -> Floats:
    """Returns a variable's mean in its standard errors; inf where it does not vary, 0 where it is 0."""
    size = np.abs(moments.mean[..., variable])
    error = np.sqrt(moments.covariance()[..., variable, variable] / np.maximum(moments.count, 1))
    return np.asarray(np.where(error > 0, size / np.where(error > 0, error, 1.0), np.where(size > 0, np.inf, 0.0)))
