"""Adds up products of columns without any error: numbers are cut into digits, and those are summed as integers.

Numbers below 2^(p + 26) in magnitude are written as x = sum_k d_k 2^p_k, with p_0 = p, falling places p_k and whole
|d_k| <= 2^26. Adding and taking away a large power of two yields a digit and leaves the rest without a rounding error
(Rump, Ogita and Oishi 2008, section 3). Then

    sum_rows x y = sum_kl 2^(p_k + q_l) sum_rows d_k e_l

where the sums on the right are 64-bit integers, exact in any order. They go to an accumulator that is wide enough for
products of any doubles, in overlapping limbs (the small superaccumulator of Neal 2015, arXiv 1505.05571). A column of
ones yields the count and the plain totals.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.kernels.jit import jit

Floats: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.int32]
Integers: TypeAlias = NDArray[np.int64]

LARGEST: Final = 2.0**480
"""Of a value's magnitude, 3e144: the sum of 2^60 squares is still a double."""
SLAB: Final = 2**21
"""Rows that may share an accumulator: a row adds to a limb at most 2^8 times, each time less than 2^33."""
LIMB_BITS: Final = 32
LIMB_COUNT: Final = 100
UNIT_EXPONENT: Final = -2200
"""Accumulators count multiples of 2^UNIT_EXPONENT."""

_SCALE_EXPONENT: Final = 400
_SCALE: Final = 2.0**_SCALE_EXPONENT
"""Makes subnormal numbers normal."""
_LARGEST_BITS: Final = int(np.float64(LARGEST * _SCALE).view(np.int64))
_MAGNITUDE_BITS: Final = 2**63 - 1
_DIGIT_BITS: Final = 26
_MOST_DIGITS: Final = 64
_BLOCK: Final = 2**15
"""Rows that are ordered by arm together: their columns stay in the cache."""
_RUN: Final = 2**10
"""Rows of one arm that are cut and summed together: 2^10 products of digits are below 2^63."""


@jit
def add_products(arm_index: Indexes, columns: Floats, limbs: Integers) -> bool:
    """Adds the sums of products of any two columns to their arm's accumulators; says whether all values were in range.

    Args:
        arm_index: Shape (rows,), 0 or more, below the number of arms.
        columns: Shape (metrics, V, rows).
        limbs: Shape (slabs, metrics, arms, V + 1, V + 1, LIMB_COUNT), the column of ones first; only j >= i is used.
    """
    metrics, size, rows = columns.shape
    arms = limbs.shape[2]
    digits = np.empty((size + 1, _MOST_DIGITS, _RUN), np.int32)
    places = np.empty((size + 1, _MOST_DIGITS), np.int64)
    counts = np.empty(size + 1, np.int64)
    digits[0, 0], places[0, 0], counts[0] = 1, _SCALE_EXPONENT, 1
    rest = np.empty(_RUN)
    for block in range(0, rows, _BLOCK):
        order, starts = _by_arm(arm_index[block : block + _BLOCK], arms)
        for metric in range(metrics):
            for arm in range(arms):
                for start in range(starts[arm], starts[arm + 1], _RUN):
                    chosen = order[start : min(start + _RUN, starts[arm + 1])]
                    for column in range(size):
                        _gather(columns[metric, column, block : block + _BLOCK], chosen, rest)
                        found = _cut(rest[: chosen.size], digits[column + 1], places[column + 1])
                        if found < 0:
                            return False
                        counts[column + 1] = found
                    _add_run(chosen.size, digits, places, counts, limbs[block // SLAB, metric, arm])
    return True


@jit
def _by_arm(arm_index: Indexes, arms: int) -> tuple[Indexes, Integers]:
    """Returns the rows ordered by arm, and where each arm's rows start and end: shapes (rows,) and (arms + 1,)."""
    starts = np.zeros(arms + 1, np.int64)
    for arm in arm_index:
        starts[arm + 1] += 1
    for arm in range(arms):
        starts[arm + 1] += starts[arm]
    following = starts[:-1].copy()
    order = np.empty(arm_index.size, np.int32)
    for row in range(arm_index.size):
        arm = arm_index[row]
        order[following[arm]] = row
        following[arm] += 1
    return order, starts


@jit
def _gather(column: Floats, chosen: Indexes, rest: Floats) -> None:
    for row in range(chosen.size):
        rest[row] = column[chosen[row]] * _SCALE


@jit
def _cut(rest: Floats, digits: Indexes, places: Integers) -> int:
    """Writes digits and their places until nothing is left, and returns how many; -1 where a value is out of range."""
    bits = rest.view(np.int64)
    count = 0
    while True:
        top = 0
        for row in range(bits.size):
            top = max(top, bits[row] & _MAGNITUDE_BITS)
        if top > _LARGEST_BITS:
            return -1
        if top == 0:
            return count
        place = (top >> 52) - 1022 - _DIGIT_BITS
        # At 1.5 * 2^52 * 2^place doubles are multiples of 2^place: adding it rounds to them.
        rounding, inverse = 1.5 * 2.0 ** (52 + place), 2.0**-place
        for row in range(rest.size):
            part = (rest[row] + rounding) - rounding
            rest[row] -= part
            digits[count, row] = np.int32(part * inverse)
        places[count] = place
        count += 1


@jit
def _add_run(rows: int, digits: Indexes, places: Integers, counts: Integers, limbs: Integers) -> None:
    """Adds the products of all pairs of columns; in squares, a product of two unlike digits counts twice."""
    offset = -2 * _SCALE_EXPONENT - UNIT_EXPONENT
    for i in range(counts.size):
        for j in range(i, counts.size):
            for k in range(counts[i]):
                for other in range(k if i == j else 0, counts[j]):
                    total = _dot(digits[i, k, :rows], digits[j, other, :rows])
                    doubled = 1 if i == j and k != other else 0
                    _add(total, places[i, k] + places[j, other] + offset + doubled, limbs[i, j])


@jit
def _dot(first: Indexes, second: Indexes) -> int:
    total = np.int64(0)
    for row in range(first.size):
        total += np.int64(first[row]) * np.int64(second[row])
    return int(total)


@jit
def _add(total: int, position: int, limbs: Integers) -> None:
    """Adds total * 2^position; the carries stay in the limbs, whose upper halves have room for them."""
    word, shift = position // LIMB_BITS, position % LIMB_BITS
    mask = 2**LIMB_BITS - 1
    low, high = (total & mask) << shift, (total >> LIMB_BITS) << shift
    limbs[word] += low & mask
    limbs[word + 1] += (low >> LIMB_BITS) + (high & mask)
    limbs[word + 2] += high >> LIMB_BITS
