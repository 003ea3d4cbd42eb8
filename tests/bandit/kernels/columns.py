"""Columns of strings as the kernels take them."""

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Column = tuple[NDArray[np.uint8], NDArray[np.int64]]


def column(strings: list[bytes]) -> Column:
    """Returns the bytes of the strings and their offsets."""
    offsets = np.array([0, *accumulate(map(len, strings))], dtype=np.int64)
    return np.frombuffer(b"".join(strings), dtype=np.uint8), offsets
