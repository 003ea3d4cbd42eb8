"""Places a column of keys: XXH64 of each, and the segment that its position falls into.

XXH64: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.kernels.arguments import vector
from shared.kernels.jit import jit

_U = np.uint64
_P1: Final = _U(0x9E3779B185EBCA87)
_P2: Final = _U(0xC2B2AE3D27D4EB4F)
_P3: Final = _U(0x165667B19E3779F9)
_P4: Final = _U(0x85EBCA77C2B2AE63)
_P5: Final = _U(0x27D4EB2F165667C5)
# Numba makes a float of uint64 and int64 together, so every number here is a uint64.
_1, _2, _3, _4, _5, _6, _7, _8 = (_U(number) for number in range(1, 9))
_16, _24, _32, _40, _48, _56, _64 = (_U(number) for number in (16, 24, 32, 40, 48, 56, 64))
_11, _12, _18, _23, _27, _29, _31, _33 = (_U(number) for number in (11, 12, 18, 23, 27, 29, 31, 33))
_0: Final = _U(0)


@jit
def _read_4(data: NDArray[np.uint8], at: np.uint64) -> np.uint64:
    return _U(data[at]) | (_U(data[at + _1]) << _8) | (_U(data[at + _2]) << _16) | (_U(data[at + _3]) << _24)


@jit
def _read_8(data: NDArray[np.uint8], at: np.uint64) -> np.uint64:
    high = _U(data[at + _4]) | (_U(data[at + _5]) << _8) | (_U(data[at + _6]) << _16) | (_U(data[at + _7]) << _24)
    return _read_4(data, at) | (high << _32)


@jit
def _rotated(value: np.uint64, bits: np.uint64) -> np.uint64:
    return (value << bits) | (value >> (_64 - bits))


@jit
def _round(accumulator: np.uint64, lane: np.uint64) -> np.uint64:
    return _rotated(accumulator + lane * _P2, _31) * _P1


@jit
def _merged(accumulator: np.uint64, lane: np.uint64) -> np.uint64:
    return (accumulator ^ _round(_0, lane)) * _P1 + _P4


@jit
def _xxh64(data: NDArray[np.uint8], start: np.uint64, end: np.uint64, seed: np.uint64) -> np.uint64:
    at = start
    if end - start >= _32:
        lane_1, lane_2, lane_3, lane_4 = seed + _P1 + _P2, seed + _P2, seed, seed - _P1
        while at + _32 <= end:
            lane_1 = _round(lane_1, _read_8(data, at))
            lane_2 = _round(lane_2, _read_8(data, at + _8))
            lane_3 = _round(lane_3, _read_8(data, at + _16))
            lane_4 = _round(lane_4, _read_8(data, at + _24))
            at += _32
        value = _rotated(lane_1, _1) + _rotated(lane_2, _7) + _rotated(lane_3, _12) + _rotated(lane_4, _18)
        value = _merged(_merged(_merged(_merged(value, lane_1), lane_2), lane_3), lane_4)
    else:
        value = seed + _P5
    value += end - start
    while at + _8 <= end:
        value = _rotated(value ^ _round(_0, _read_8(data, at)), _27) * _P1 + _P4
        at += _8
    if at + _4 <= end:
        value = _rotated(value ^ (_read_4(data, at) * _P1), _23) * _P2 + _P3
        at += _4
    while at < end:
        value = _rotated(value ^ (_U(data[at]) * _P5), _11) * _P1
        at += _1
    value = (value ^ (value >> _33)) * _P2
    value = (value ^ (value >> _29)) * _P3
    return value ^ (value >> _32)


@jit
def _hash_column(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], seed: np.uint64, hashes: NDArray[np.uint64]
) -> None:
    for row in range(hashes.size):
        hashes[row] = _xxh64(data, _U(offsets[row]), _U(offsets[row + 1]), seed)


@jit
def _segment(position: np.uint64, starts: NDArray[np.uint32]) -> int:
    """Returns the last segment that starts at or before a position."""
    low, high = 0, starts.size
    while high - low > 1:
        middle = (low + high) // 2
        if _U(starts[middle]) <= position:
            low = middle
        else:
            high = middle
    return low


@jit
def _assign(  # noqa: PLR0917 - compiled code takes no keywords
    units: NDArray[np.uint8],
    unit_offsets: NDArray[np.int64],
    keys: NDArray[np.uint8],
    key_offsets: NDArray[np.int64],
    arm_salt: np.uint64,
    traffic_salt: np.uint64,
    traffic_end: int,
    holdout_start: int,
    starts: NDArray[np.uint32],
    segment_cells: NDArray[np.int32],
    holdout_cell: int,
    outside_cell: int,
    cells: NDArray[np.int32],
) -> None:
    draws_all = traffic_end == holdout_start == 1 << 32
    for row in range(cells.size):
        if not draws_all:
            place = np.int64(_xxh64(units, _U(unit_offsets[row]), _U(unit_offsets[row + 1]), traffic_salt) >> _32)
            if place >= holdout_start:
                cells[row] = holdout_cell
                continue
            if place >= traffic_end:
                cells[row] = outside_cell
                continue
        position = _xxh64(keys, _U(key_offsets[row]), _U(key_offsets[row + 1]), arm_salt) >> _32
        cells[row] = segment_cells[_segment(position, starts)]


def hash_column(data: NDArray[np.uint8], offsets: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """Returns the XXH64 of every string of a column, shape (n,) uint64.

    Args:
        data: The bytes of all strings.
        offsets: Where they start, and the end of the last, shape (n + 1,).
        seed: 0 to 2^64 - 1.

    Raises:
        ValueError: A dtype or shape is wrong, or the offsets do not fit the data.
    """
    data, offsets = _column(data, offsets)
    hashes = np.empty(offsets.size - 1, np.uint64)
    _hash_column(data, offsets, _U(seed), hashes)
    return hashes


def assign(  # noqa: PLR0917 - a column is two arrays
    units: NDArray[np.uint8],
    unit_offsets: NDArray[np.int64],
    keys: NDArray[np.uint8],
    key_offsets: NDArray[np.int64],
    arm_salt: np.uint64,
    traffic_salt: np.uint64,
    traffic_end: int,
    holdout_start: int,
    segment_starts: NDArray[np.uint32],
    segment_cells: NDArray[np.int32],
    holdout_cell: int,
    outside_cell: int,
) -> NDArray[np.int32]:
    """Returns the cell of every unit, shape (n,) int32; `shared.policy.placement` has the rule.

    Args:
        units: The bytes of the unit ids, placed in the traffic.
        unit_offsets: Shape (n + 1,).
        keys: The bytes of the keys placed among the arms; may be `units`.
        key_offsets: Shape (n + 1,).
        arm_salt: Seed for the keys.
        traffic_salt: Seed for the units.
        traffic_end: Traffic position from which on units are outside; 2^32 for none.
        holdout_start: Traffic position from which on units are held out; 2^32 for none.
        segment_starts: Ascending, the first one 0, shape (n_segments,).
        segment_cells: Their cells, shape (n_segments,).
        holdout_cell: The cell of held-out units.
        outside_cell: The cell of units outside.

    Raises:
        ValueError: A dtype or shape is wrong, or the arrays do not fit each other.
    """
    units, unit_offsets = _column(units, unit_offsets)
    keys, key_offsets = _column(keys, key_offsets)
    starts = vector("segment_starts", segment_starts, np.uint32)
    of_segments = vector("segment_cells", segment_cells, np.int32)
    if unit_offsets.size != key_offsets.size:
        raise ValueError(f"{unit_offsets.size - 1} units and {key_offsets.size - 1} keys must be as many")
    if starts.size == 0 or starts.size != of_segments.size or starts[0] != 0:
        raise ValueError("segments must start at 0 and have a cell each")
    cells = np.empty(unit_offsets.size - 1, np.int32)
    _assign(
        units,
        unit_offsets,
        keys,
        key_offsets,
        arm_salt,
        traffic_salt,
        traffic_end,
        holdout_start,
        starts,
        of_segments,
        holdout_cell,
        outside_cell,
        cells,
    )
    return cells


def _column(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Returns the column as read-only views: the kernel that was compiled at start serves whatever comes later."""
    data, offsets = vector("data", data, np.uint8), vector("offsets", offsets, np.int64)
    if offsets.size == 0 or offsets[0] < 0 or offsets[-1] > data.size or bool((offsets[1:] < offsets[:-1]).any()):
        raise ValueError("offsets must ascend within the data")
    return data, offsets
