"""Places a column of units among the arms: hashes, checks traffic and holdout, looks up the segment, in one pass.

It is `shared.policy.placement` for many units at once, and gives the same answers.
"""

from typing import Final, NamedTuple

import numpy as np

from services.bandit.kernels._arguments import Indexes, Positions, vector
from services.bandit.kernels._jit import jit_uncached
from services.bandit.kernels.columns import Column, checked
from services.bandit.kernels.hashing import U64, xxh64

RANGE: Final = 1 << 32
"""How many positions there are: a key is hashed to one of 0 .. RANGE - 1."""


def assign(
    arm_keys: Column,
    traffic_keys: Column,
    *,
    arm_salt: int,
    traffic_salt: int,
    traffic_end: int,
    holdout_start: int,
    segment_starts: Positions,
    segment_cells: Indexes,
    holdout_cell: int,
    outside_cell: int,
) -> Indexes:
    """Returns the cell of every unit, shape (n,) int32. Cells are numbers that the caller gives a meaning.

    Args:
        arm_keys: What places the n units among the arms: unit ids, or trials where every allocation counts.
        traffic_keys: What decides whether they take part: unit ids. May be the same column.
        arm_salt: Seeds the hash of the arm keys, 0 .. 2^64 - 1.
        traffic_salt: Seeds the hash of the traffic keys, 0 .. 2^64 - 1.
        traffic_end: Traffic position from which on units are outside, 0 .. RANGE; RANGE when none is.
        holdout_start: Traffic position from which on units are held out, 0 .. RANGE; RANGE when none is. It goes first.
        segment_starts: Where the S segments start, shape (S,) uint32, strictly ascending, the first one 0.
        segment_cells: Their cells, shape (S,) int32.
        holdout_cell: Cell of units that are held out.
        outside_cell: Cell of units outside the traffic.

    Raises:
        ValueError: An array or a bound is not as said.
    """
    if not (0 <= traffic_end <= RANGE and 0 <= holdout_start <= RANGE):
        raise ValueError(f"traffic_end == {traffic_end}, holdout_start == {holdout_start}, must be 0 .. {RANGE}")
    if len(arm_keys.offsets) != len(traffic_keys.offsets):
        raise ValueError(f"{len(arm_keys.offsets) - 1} arm keys, {len(traffic_keys.offsets) - 1} traffic keys")
    segments = _checked_segments(segment_starts, segment_cells)
    traffic = _Traffic(
        U64(traffic_salt), U64(traffic_end), U64(holdout_start), np.int32(outside_cell), np.int32(holdout_cell)
    )
    return _assign(checked(arm_keys), U64(arm_salt), checked(traffic_keys), traffic, segments)


class _Segments(NamedTuple):
    starts: Positions
    cells: Indexes


class _Traffic(NamedTuple):
    salt: np.uint64
    end: np.uint64
    holdout_start: np.uint64
    outside_cell: np.int32
    holdout_cell: np.int32


def _checked_segments(segment_starts: Positions, segment_cells: Indexes) -> _Segments:
    starts = vector("segment_starts", segment_starts, np.uint32)
    cells = vector("segment_cells", segment_cells, np.int32)
    if starts.size == 0 or starts[0] != 0 or (starts[1:] <= starts[:-1]).any():
        raise ValueError("segment_starts: must be one or more, start with 0 and ascend")
    if starts.size != cells.size:
        raise ValueError(f"segment_cells: {cells.size} entries for {starts.size} segments")
    return _Segments(starts, cells)


@jit_uncached
def _assign(
    arm_keys: Column, arm_salt: np.uint64, traffic_keys: Column, traffic: _Traffic, segments: _Segments
) -> Indexes:
    cells = np.empty(arm_keys.offsets.size - 1, np.int32)
    all_take_part = traffic.end == RANGE and traffic.holdout_start == RANGE
    for row in range(cells.size):
        place = U64(0) if all_take_part else _position(traffic_keys, row, traffic.salt)
        if place >= traffic.holdout_start:
            cells[row] = traffic.holdout_cell
        elif place >= traffic.end:
            cells[row] = traffic.outside_cell
        else:
            cells[row] = segments.cells[_segment_of(_position(arm_keys, row, arm_salt), segments.starts)]
    return cells


@jit_uncached
def _position(keys: Column, row: int, salt: np.uint64) -> np.uint64:
    return xxh64(keys.data, U64(keys.offsets[row]), U64(keys.offsets[row + 1]), salt) >> 32


@jit_uncached
def _segment_of(position: np.uint64, starts: Positions) -> int:
    """Returns the last segment that starts at the position or before it; no branch depends on the position."""
    segment, count = 0, starts.size
    while count > 1:
        half = count // 2
        segment = segment + half if starts[segment + half] <= position else segment
        count -= half
    return segment
