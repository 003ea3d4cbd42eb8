"""Checks the arrays that kernels are given: inside a kernel a wrong shape reads foreign memory without a word."""

from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float64]
Hashes: TypeAlias = NDArray[np.uint64]
Indexes: TypeAlias = NDArray[np.int32]
Offsets: TypeAlias = NDArray[np.int64]
Positions: TypeAlias = NDArray[np.uint32]

Entry = TypeVar("Entry", bound=np.generic)


def vector(name: str, values: NDArray[Any], dtype: type[Entry]) -> NDArray[Entry]:
    """Returns a read-only view of the values, so that a kernel is compiled for one kind of array only.

    Raises:
        ValueError: It is not a contiguous, aligned array of one dimension and that dtype.
    """
    if values.dtype != dtype or values.ndim != 1:
        raise ValueError(f"{name}: {values.dtype} array of shape {values.shape}, must be {np.dtype(dtype)} and flat")
    if not (values.flags.c_contiguous and values.flags.aligned):
        raise ValueError(f"{name}: must be contiguous and aligned")
    view = values.view()
    view.flags.writeable = False
    return view
