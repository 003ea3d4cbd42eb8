"""The weighted AIPW contrast as it is printed: past plug-ins, the contrast's own variance, normal quantiles.

Hadad, Hirshberg, Zhan, Wager and Athey 2021, with the contrast weights of Zhan, Hadad, Hirshberg and Athey 2021, from
the sums of batches. It shows what the default adds to it (variances that are not below those of all arms together), and
what that costs.
"""

import numpy as np

from shared.statistics.adaptive.batches import Batches
from tests.shared.statistics.adaptive.bandits import Floats


def interval(batches: Batches, treatment: int = 1, control: int = 0) -> tuple[Floats, Floats]:
    """Returns the lower and the upper ends of intervals of 95 % for the difference; both arms are always live."""
    pair = [treatment, control]
    count, mean, propensities = (each[..., pair] for each in (batches.count, batches.mean, batches.propensities))
    units = batches.count.sum(axis=-1)
    before = np.cumsum(count, axis=-2) - count
    plug_in = (np.cumsum(count * mean, axis=-2) - count * mean) / np.maximum(before, 1)
    sums = count * (mean - plug_in)
    squares = batches.squares[..., pair] + count * (mean - plug_in) ** 2
    weight = 1 / np.sqrt((1 / propensities).sum(axis=-1))
    whole = (weight * units).sum(axis=-1)
    corrections = -np.diff(sums / propensities)[..., 0]
    gap = -np.diff(plug_in)[..., 0]
    difference = (weight * (units * gap + corrections)).sum(axis=-1) / whole
    gap = gap - difference[..., None]
    spread = units * gap**2 + 2 * gap * corrections + (squares / propensities**2).sum(axis=-1)
    reach = 1.959963984540054 * np.sqrt((weight**2 * spread).sum(axis=-1)) / whole
    return difference - reach, difference + reach
