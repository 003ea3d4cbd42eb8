"""Columns of strings in the layout of Apache Arrow."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from services.bandit.kernels._arguments import Bytes, Offsets, vector


class Column(NamedTuple):
    """Holds n strings.

    Attributes:
        data: The bytes of all strings, shape (any,) uint8.
        offsets: Where the strings start, and where the last one ends, shape (n + 1,) int64, ascending.
    """

    data: Bytes
    offsets: Offsets


def column_of(strings: Sequence[str]) -> Column:
    """Returns the strings as a column of their UTF-8 bytes."""
    joined = "".join(strings).encode()
    offsets = np.fromiter(accumulate(map(len, strings), initial=0), np.int64, len(strings) + 1)
    if offsets[-1] != len(joined):  # Not plain ASCII.
        lengths = (len(string.encode()) for string in strings)
        offsets = np.fromiter(accumulate(lengths, initial=0), np.int64, len(strings) + 1)
    return Column(np.frombuffer(joined, np.uint8), offsets)


def checked(column: Column) -> Column:
    """Returns the column as kernels want it.

    Raises:
        ValueError: A shape or a dtype is wrong, or the offsets leave the data.
    """
    data = vector("data", column.data, np.uint8)
    offsets = vector("offsets", column.offsets, np.int64)
    if offsets.size == 0 or offsets[0] < 0 or offsets[-1] > data.size or (offsets[1:] < offsets[:-1]).any():
        raise ValueError(f"offsets: must be one or more, ascend and stay within the {data.size} bytes of data")
    return Column(data, offsets)
