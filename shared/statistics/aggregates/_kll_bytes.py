"""Checks the bytes of a KLL sketch: the library follows the offsets in them wherever they point.

The layout is that of Apache DataSketches for doubles, little-endian. A preamble of eight bytes has flags (the fourth)
and k (the fifth and sixth). Where there are several values there follow their number (8 bytes), the smallest k of those
merged (2), the number of levels (1), a byte unused, where each level starts (4 each), the least and the largest value,
and the values kept, level by level. A value of level h stands for 2^h.
"""

import struct
from typing import Final

import numpy as np

SMALLEST_K: Final = 8

_PREAMBLE: Final = struct.Struct("<3x B H 2x")
_COUNTS: Final = struct.Struct("<Q H B x")
_EMPTY: Final = 1
_SORTED: Final = 2
_SINGLE: Final = 4
_MOST_LEVELS: Final = 60


def check(data: bytes) -> None:
    """Raises ValueError unless the bytes hold together; whether they are a sketch at all is left to the library."""
    if len(data) < _PREAMBLE.size:
        raise ValueError("too short")
    flags, k = _PREAMBLE.unpack_from(data)
    if k < SMALLEST_K:
        raise ValueError(f"k {k}, must be {SMALLEST_K} or more")
    if flags & _SINGLE and not flags & _EMPTY:
        _check_value(data)
    elif not flags & _EMPTY:
        _check_levels(data, k, first_sorted_level=0 if flags & _SORTED else 1)


def _check_value(data: bytes) -> None:
    if len(data) != _PREAMBLE.size + 8 or not np.isfinite(np.frombuffer(data, "<f8", 1, _PREAMBLE.size)).all():
        raise ValueError("other than one finite value")


def _check_levels(data: bytes, k: int, *, first_sorted_level: int) -> None:
    start = _PREAMBLE.size + _COUNTS.size
    if len(data) < start:
        raise ValueError("too short")
    count, smallest_k, level_count = _COUNTS.unpack_from(data, _PREAMBLE.size)
    rest = len(data) - start - 4 * level_count
    if not (1 <= level_count <= _MOST_LEVELS and rest >= 24 and rest % 8 == 0 and SMALLEST_K <= smallest_k <= k):
        raise ValueError("its numbers of levels and k cannot be")
    starts = np.frombuffer(data, "<u4", level_count, start).astype(np.int64)
    extremes, values = np.split(np.frombuffer(data, "<f8", rest // 8, start + 4 * level_count), [2])
    sizes = np.diff(starts - starts[0], append=values.size)
    if (sizes < 0).any() or sum(int(size) << level for level, size in enumerate(sizes)) != count:
        raise ValueError("its levels hold another number of values")
    if not (np.isfinite(extremes).all() and (extremes[0] <= values).all() and (values <= extremes[1]).all()):
        raise ValueError("values beyond the extremes")
    levels = np.split(values, np.cumsum(sizes)[:-1])
    if any((np.diff(level) < 0).any() for level in levels[first_sorted_level:]):
        raise ValueError("values out of order")
