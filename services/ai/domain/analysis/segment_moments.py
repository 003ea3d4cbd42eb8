"""What units inside segments did, and the units outside each: arms on the first axis, segments on the second."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.ai.domain.analysis.samples import Samples
from shared.statistics.aggregates.moments import Moments

Floats: TypeAlias = NDArray[np.float64]


def moments_inside(parts: Sequence[Samples]) -> Moments:
    """Returns what the segments' units did on their one metric."""
    return stacked([part.moments[0] for part in parts], axis=1)


def moments_outside(inside: Moments, whole: Moments) -> Moments:
    """Returns what the units outside each segment did: the whole, by arms, without the segment (as `merge` adds it)."""
    every, mean, products = whole.count[:, None], whole.mean, whole.products[:, :, 0]
    count, own = every - inside.count, inside.mean[..., 0]
    other = np.where(count > 0, (every * mean - inside.count * own) / np.maximum(count, 1), 0.0)
    between = inside.count * count / np.maximum(every, 1) * (own - other) ** 2
    left = np.maximum(products - inside.products[..., 0, 0] - between, 0.0)
    return Moments.of_values(count, other, np.where(count > 0, left, 0.0))


def stacked(moments: Sequence[Moments], *, axis: int) -> Moments:
    """Returns samples beside each other along a new axis."""
    arrays = zip(*((one.count, one.mean, one.products) for one in moments), strict=True)
    return Moments(*(np.stack(parts, axis=axis) for parts in arrays))
