"""Pairs of arms of which only the difference in standard errors matters."""

import numpy as np
from numpy.typing import ArrayLike

from shared.statistics.estimates.arms import ArmEstimates


def pair_with(statistic: ArrayLike, *, error: float = 1.0, control: float = 100.0) -> tuple[ArmEstimates, ArmEstimates]:
    """Returns treatments and controls whose differences have the given Z and standard error."""
    z = np.atleast_1d(np.asarray(statistic, dtype=np.float64))
    return _arms(control + z * error, error), _arms(np.full(z.shape, control), error)


def _arms(value: np.ndarray[tuple[int, ...], np.dtype[np.float64]], error: float) -> ArmEstimates:
    return ArmEstimates(
        value=value,
        variance=np.full(value.shape, error**2 / 2),
        common_variance=np.zeros(value.shape),
        degrees_of_freedom=np.full(value.shape, np.inf),
        unit_count=np.full(value.shape, 1000.0),
        obstacle=np.zeros(value.shape, dtype=np.int8),
        caution=np.zeros(value.shape, dtype=np.int32),
    )
