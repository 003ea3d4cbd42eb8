"""Assigns hashes to cells: the upper 32 bits of a hash are its position, and the segment around it has a cell."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.kernels.arguments import vector
from shared.kernels.jit import jit

_POSITION_SHIFT: Final = np.uint64(32)
_RANGE: Final = 1 << 32
_BUCKET_COUNT: Final = 1 << 10
_BUCKET_SHIFT: Final = np.uint64(32 - 10)


@jit
def _first_segments(ends: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Returns the segment at the start of each bucket, so that a search has next to nothing left to do."""
    firsts = np.empty(_BUCKET_COUNT, np.int32)
    segment = 0
    for bucket in range(_BUCKET_COUNT):
        while ends[segment] <= np.uint64(bucket) << _BUCKET_SHIFT:
            segment += 1
        firsts[bucket] = segment
    return firsts


@jit
def _assign(  # noqa: PLR0917 - compiled code takes no keywords
    traffic_hashes: NDArray[np.uint64],
    arm_hashes: NDArray[np.uint64],
    traffic_end: int,
    holdout_start: int,
    starts: NDArray[np.uint32],
    segment_cells: NDArray[np.uint8],
    holdout_cell: int,
    outside_cell: int,
    cells: NDArray[np.uint8],
) -> None:
    ends = np.full(starts.size, np.uint64(_RANGE))
    ends[:-1] = starts[1:]
    firsts = _first_segments(ends)
    for row in range(cells.size):
        position = arm_hashes[row] >> _POSITION_SHIFT
        segment = firsts[position >> _BUCKET_SHIFT]
        while ends[segment] <= position:
            segment += 1
        cells[row] = segment_cells[segment]
    if traffic_end == holdout_start == _RANGE:
        return
    for row in range(cells.size):
        place = np.int64(traffic_hashes[row] >> _POSITION_SHIFT)
        if place >= holdout_start:
            cells[row] = holdout_cell
        elif place >= traffic_end:
            cells[row] = outside_cell


def assign(  # noqa: PLR0917 - as the kernel
    traffic_hashes: NDArray[np.uint64],
    arm_hashes: NDArray[np.uint64],
    traffic_end: int,
    holdout_start: int,
    segment_starts: NDArray[np.uint32],
    segment_cells: NDArray[np.uint8],
    holdout_cell: int,
    outside_cell: int,
) -> NDArray[np.uint8]:
    """Returns the cell of every unit, shape (n,) uint8; `shared.policy.placement` has the rule.

    Args:
        traffic_hashes: Place the units in the traffic, shape (n,). Not looked at where all of it is spread.
        arm_hashes: Place the units among the arms, shape (n,).
        traffic_end: Traffic position from which on units are outside; 2^32 for none.
        holdout_start: Traffic position from which on units are held out; 2^32 for none.
        segment_starts: Ascending, the first one 0, shape (n_segments,).
        segment_cells: Their cells, shape (n_segments,).
        holdout_cell: The cell of held-out units, 0 to 255.
        outside_cell: The cell of units outside, 0 to 255.

    Raises:
        ValueError: A dtype or shape is wrong, or the arrays do not fit each other.
    """
    in_traffic = vector("traffic_hashes", traffic_hashes, np.uint64)
    among_arms = vector("arm_hashes", arm_hashes, np.uint64)
    starts = vector("segment_starts", segment_starts, np.uint32)
    of_segments = vector("segment_cells", segment_cells, np.uint8)
    if in_traffic.size != among_arms.size:
        raise ValueError(f"{in_traffic.size} traffic hashes and {among_arms.size} arm hashes must be as many")
    if starts.size == 0 or starts.size != of_segments.size or starts[0] != 0:
        raise ValueError("segments must start at 0 and have a cell each")
    cells = np.empty(among_arms.size, np.uint8)
    _assign(in_traffic, among_arms, traffic_end, holdout_start, starts, of_segments, holdout_cell, outside_cell, cells)
    return cells
