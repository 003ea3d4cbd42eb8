"""Sums without rounding: in whatever order parts are merged, the whole has the same bits."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.aggregates import _digit_sums
from shared.statistics.aggregates.moments import Moments, checked_axis
from shared.statistics.result import checks

Counts: TypeAlias = NDArray[np.int64]
Exact: TypeAlias = NDArray[np.object_]
"""Entries are `fractions.Fraction`."""

LARGEST: Final = _digit_sums.LARGEST
"""Of a value's magnitude."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Holds counts, totals and sums of products of V variables as rational numbers, for samples of any shape S.

    Floating-point and decimal values are added as the numbers that they are. Adding is associative and commutative
    therefore, and nothing cancels.

    Attributes:
        count: Units, shape S.
        totals: Sums over units of x_i, shape S + (V,).
        products: Sums over units of x_i x_j, shape S + (V, V).
    """

    count: Counts
    totals: Exact
    products: Exact

    @property
    def shape(self) -> tuple[int, ...]:
        """Returns the shape S of the samples."""
        return self.count.shape

    @property
    def variable_count(self) -> int:
        """Returns V."""
        size: int = self.totals.shape[-1]
        return size

    def __add__(self, other: "Sums") -> "Sums":
        """Returns the sums of both samples together; shapes broadcast.

        Raises:
            InvalidArgument: INVALID_FIELD: other variables, or shapes do not fit.
        """
        if self.variable_count != other.variable_count:
            raise invalid_field("sums", f"{self.variable_count} and {other.variable_count} variables, must be alike")
        checks.same_shape(sums=self.count, others=other.count)
        return Sums(np.asarray(self.count + other.count), self.totals + other.totals, self.products + other.products)

    def __getitem__(self, index: int | slice | tuple[int | slice | None, ...]) -> "Sums":
        """Returns some of the samples; the index is for S and leaves the variables alone (no Ellipsis)."""
        return Sums(np.asarray(self.count[index]), self.totals[index], self.products[index])

    def pooled(self, axis: int = -1) -> "Sums":
        """Returns the sums of all samples along an axis of S together.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such axis.
        """
        axis = checked_axis(axis, self.count.ndim)
        return Sums(np.asarray(self.count.sum(axis)), self.totals.sum(axis), self.products.sum(axis))

    def moments(self) -> Moments:
        """Returns the means T / n and centred products P - T T' / n, each rounded once: the doubles nearest to them."""
        count = np.asarray(np.maximum(self.count, 1).astype(object))
        mean = self.totals / count[..., None]
        centred = self.products - self.totals[..., :, None] * mean[..., None, :]
        return Moments(self.count.astype(np.float64), mean.astype(np.float64), centred.astype(np.float64))


def sums_from_arrays(arm_index: ArrayLike, values: ArrayLike, *, arm_count: int) -> Sums:
    """Returns the sums of every arm, and of every metric where there are several: shape M + (arm_count,).

    Args:
        arm_index: Each row's arm, whole numbers from 0 to arm_count - 1, shape (rows,).
        values: Shape M + (V, rows), as doubles; M is () for one metric. A metric has V columns, such as a value and its
            covariates, and all their products are summed. Columns that lie in one piece are read fastest.
        arm_count: Arms without rows are empty samples.

    Raises:
        InvalidArgument: INVALID_FIELD: an arm out of range, a value that is NaN, infinite or of more than LARGEST in
            magnitude, or shapes that do not fit.
    """
    arms = _arm_index(arm_index, arm_count)
    numbers = _doubles(values)
    if numbers.ndim < 2 or numbers.shape[-1] != arms.size:
        raise invalid_field("values", f"shape {numbers.shape}, must be (..., variables, {arms.size})")
    *metrics, size, rows = numbers.shape
    columns = _read_only(numbers.reshape(math.prod(metrics), size, rows))
    slabs = rows // _digit_sums.SLAB + 1
    limbs = np.zeros((slabs, len(columns), arm_count, size + 1, size + 1, _digit_sums.LIMB_COUNT), np.int64)
    if not _digit_sums.add_products(arms, columns, limbs):
        wrong = numbers[~(np.abs(numbers) <= LARGEST)][0]
        raise invalid_field("values", f"{wrong:g}, must be finite and at most {LARGEST:g} in magnitude")
    return _sums(_exact(limbs).sum(axis=0).reshape(*metrics, arm_count, size + 1, size + 1))


def _arm_index(arm_index: ArrayLike, arm_count: int) -> NDArray[np.int32]:
    try:
        arms = np.asarray(arm_index)
    except ValueError:
        raise invalid_field("arm_index", "must be flat and of whole numbers") from None
    if arm_count < 1:
        raise invalid_field("arm_count", f"{arm_count}, must be 1 or more")
    if arms.ndim != 1 or not (np.issubdtype(arms.dtype, np.integer) or arms.size == 0):
        raise invalid_field("arm_index", f"{arms.dtype} array of shape {arms.shape}, must be flat and of whole numbers")
    if arms.size and not (arms.min() >= 0 and arms.max() < arm_count):
        raise invalid_field("arm_index", f"from {arms.min()} to {arms.max()}, must be from 0 to {arm_count - 1}")
    return _read_only(np.ascontiguousarray(arms, dtype=np.int32))


def _doubles(values: ArrayLike) -> NDArray[np.float64]:
    try:
        return np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise invalid_field("values", "must be numbers, as many for every variable") from None


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Returns a view, so that the kernel is compiled for one kind of array only."""
    view = array.view()
    view.flags.writeable = False
    return view


def _exact(limbs: Counts) -> Exact:
    """Returns the numbers that the accumulators hold; the last axis goes."""
    unit = 2**-_digit_sums.UNIT_EXPONENT
    numbers = np.full(limbs.shape[:-1], Fraction(), dtype=object)
    for place in zip(*np.nonzero(limbs.any(axis=-1)), strict=True):
        words = limbs[place]
        total = sum(int(words[word]) << int(word) * _digit_sums.LIMB_BITS for word in np.flatnonzero(words))
        numbers[place] = Fraction(total, unit)
    return numbers


def _sums(products: Exact) -> Sums:
    """Returns the sums from products of the variables with a first one that is 1; the upper triangle counts."""
    upper = products[..., 1:, 1:]
    lower = np.swapaxes(upper, -1, -2)
    below = np.tri(upper.shape[-1], dtype=np.bool_)
    return Sums(products[..., 0, 0].astype(np.int64), products[..., 0, 1:], np.where(below, lower, upper))
