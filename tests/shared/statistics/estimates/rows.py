"""Makes moments of rows: the slow way, for tests."""

import numpy as np
from numpy.typing import NDArray

from shared.statistics.aggregates.moments import Moments

Floats = NDArray[np.float64]


def moments_of(*arms: Floats) -> Moments:
    """Returns the moments of arms, each of shape (..., units, variables); shape (..., arms)."""
    means = [arm.mean(-2) for arm in arms]
    away = [arm - mean[..., None, :] for arm, mean in zip(arms, means, strict=True)]
    count = np.broadcast_to([float(arm.shape[-2]) for arm in arms], (*arms[0].shape[:-2], len(arms)))
    products = [np.swapaxes(one, -1, -2) @ one for one in away]
    return Moments(count, np.stack(means, -2), np.stack(products, -3))
