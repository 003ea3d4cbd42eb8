"""Pearson's X2 over cells of which some are sparse: what is pooled, and how many cells are left.

Cells below 5 expected units are no cells of their own (Cochran 1954): groups that have some are pooled into one, and
what is still below 5 there is added up. Pooling keeps the test valid: units of unlike weights vary less than the
chi-square allows. A cell of which nothing is expected is none.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CELL_MINIMUM: Final = 5.0
"""Expected units below which a cell is pooled (Cochran 1954)."""


def pearson(observed: Floats, expected: Floats) -> tuple[Floats, Floats]:
    """Returns X2 and its degrees of freedom, shape S each, of units by group and arm, shape S + (G, K)."""
    statistic, cells = _by_group(*_pool_sparse_groups(observed, expected))
    return statistic.sum(axis=-1), np.maximum(cells - 1, 0).sum(axis=-1)


def squares(observed: Floats, expected: Floats) -> Floats:
    """Returns what each cell adds to X2; 0 where nothing is expected."""
    return np.where(expected > 0, (observed - expected) ** 2 / np.where(expected > 0, expected, 1.0), 0.0)


def _pool_sparse_groups(observed: Floats, expected: Floats) -> tuple[Floats, Floats]:
    """Returns groups (..., G + 1, K): those with a cell below 5 are emptied into the last one."""
    sparse = ((expected > 0) & (expected < CELL_MINIMUM)).any(axis=-1, keepdims=True)

    def pool(cells: Floats) -> Floats:
        rest = np.where(sparse, cells, 0.0).sum(axis=-2, keepdims=True)
        return np.concatenate([np.where(sparse, 0.0, cells), rest], axis=-2)

    return pool(observed), pool(expected)


def _by_group(observed: Floats, expected: Floats) -> tuple[Floats, Floats]:
    """Returns X2 and the number of cells of each group; cells below 5 are one, which takes in another if it must."""
    order = np.argsort(expected, axis=-1)
    seen, hoped = (np.take_along_axis(values, order, axis=-1) for values in (observed, expected))
    small = hoped < CELL_MINIMUM
    joint = np.where(small, hoped, 0.0).sum(axis=-1, keepdims=True)
    following = np.arange(hoped.shape[-1]) == small.sum(axis=-1, keepdims=True)
    merged = small | (following & (joint > 0) & (joint < CELL_MINIMUM))
    seen_joint, hoped_joint = (np.where(merged, cells, 0.0).sum(axis=-1) for cells in (seen, hoped))
    own = np.where(merged, 0.0, squares(seen, hoped)).sum(axis=-1)
    return own + squares(seen_joint, hoped_joint), (~merged).sum(axis=-1) + (hoped_joint > 0)
