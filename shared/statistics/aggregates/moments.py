"""What is known of a sample: how many units, their means, and how they vary together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.result import checks

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Holds counts, means and centred products of V variables, for samples of any shape S (metrics, arms, segments).

    Attributes:
        count: Units, shape S.
        mean: Shape S + (V,); 0 where there are no units.
        products: Sums over units of (x_i - mean_i) (x_j - mean_j), shape S + (V, V): symmetric, positive semidefinite.
    """

    count: Floats
    mean: Floats
    products: Floats

    @classmethod
    def of(cls, count: ArrayLike, mean: ArrayLike, products: ArrayLike) -> "Moments":
        """Returns checked moments of any number of variables.

        Raises:
            InvalidArgument: INVALID_FIELD: a number is not finite, a count not whole, a sum of squares negative or one
                of no units, a product larger than its sums of squares allow, or shapes do not fit.
        """
        counted, means, centred = (
            checks.counts("count", count),
            checks.finite("mean", mean),
            checks.finite("products", products),
        )
        size = means.shape[-1] if means.ndim else 0
        if means.shape != (*counted.shape, size) or centred.shape != (*counted.shape, size, size):
            raise invalid_field("products", f"shapes {counted.shape}, {means.shape}, {centred.shape} do not fit")
        _check_products(centred)
        if centred[counted == 0].any():
            raise invalid_field("products", "must be 0 where there are no units")
        return cls(counted, means, centred)

    @classmethod
    def of_values(cls, count: ArrayLike, mean: ArrayLike, square_deviation_sum: ArrayLike) -> "Moments":
        """Returns moments of one variable; every argument has shape S.

        Raises:
            InvalidArgument: INVALID_FIELD: a number is not finite, a count not whole, a sum negative or of no units, or
                the shapes are not one.
        """
        counted, means = checks.counts("count", count), checks.finite("mean", mean)
        deviations = checks.not_negative("square_deviation_sum", square_deviation_sum)
        for name, values in (("mean", means), ("square_deviation_sum", deviations)):
            if values.shape != counted.shape:
                raise invalid_field(name, f"shape {values.shape}, must be that of count, {counted.shape}")
        if deviations[counted == 0].any():
            raise invalid_field("square_deviation_sum", "must be 0 where there are no units")
        return cls(counted, means[..., None], deviations[..., None, None])

    @classmethod
    def of_successes(cls, successes: ArrayLike, count: ArrayLike) -> "Moments":
        """Returns moments of a variable that is 1 for successes and 0 otherwise; every argument has shape S.

        Raises:
            InvalidArgument: INVALID_FIELD: not whole numbers, or more successes than units.
        """
        hits, counted = checks.counts("successes", successes), checks.counts("count", count)
        checks.same_shape(successes=hits, count=counted)
        hits, counted = np.broadcast_arrays(hits, counted)
        if (hits > counted).any():
            raise invalid_field("successes", "more successes than units")
        share = hits / np.maximum(counted, 1)
        return cls(counted, share[..., None], (hits * (1 - share))[..., None, None])

    @property
    def shape(self) -> tuple[int, ...]:
        """Returns the shape S of the samples."""
        return self.count.shape

    @property
    def variable_count(self) -> int:
        """Returns V."""
        size: int = self.mean.shape[-1]
        return size

    def covariance(self) -> Floats:
        """Returns sample covariances (divisor n - 1), shape S + (V, V); 0 where a sample has fewer than 2 units."""
        return np.asarray(self.products / np.maximum(self.count - 1, 1)[..., None, None])

    def pick(self, *variables: int) -> "Moments":
        """Returns the moments of some of the variables, in that order."""
        chosen = list(variables)
        return Moments(self.count, self.mean[..., chosen], self.products[..., chosen, :][..., :, chosen])

    def __getitem__(self, index: int | slice | tuple[int | slice | None, ...]) -> "Moments":
        """Returns some of the samples; the index is for S and leaves the variables alone (no Ellipsis)."""
        return Moments(self.count[index], self.mean[index], self.products[index])


def merge(first: Moments, second: Moments) -> Moments:
    """Returns the moments of both samples together (Chan, Golub and LeVeque 1983, eq. 2.1); shapes broadcast.

    It rounds: parts merged in another order may differ in the last digits. `Sums` merge exactly.

    Raises:
        InvalidArgument: INVALID_FIELD: other variables, or shapes do not fit.
    """
    if first.variable_count != second.variable_count:
        raise invalid_field("moments", f"{first.variable_count} and {second.variable_count} variables, must be alike")
    checks.same_shape(moments=first.count, others=second.count)
    count = first.count + second.count
    share = second.count / np.maximum(count, 1)
    step = second.mean - first.mean
    mean = np.where((first.count == 0)[..., None], second.mean, first.mean + step * share[..., None])
    between = step[..., :, None] * step[..., None, :] * (first.count * share)[..., None, None]
    return Moments(count, mean, first.products + second.products + between)


def pooled(moments: Moments, axis: int = -1) -> Moments:
    """Returns the moments of all samples along an axis of S together.

    Raises:
        InvalidArgument: INVALID_FIELD: there is no such axis, or there are no samples along it.
    """
    axis = checked_axis(axis, moments.count.ndim)
    arrays = (moments.count, moments.mean, moments.products)
    return merged(
        [Moments(*(np.asarray(array.take(part, axis)) for array in arrays)) for part in range(moments.shape[axis])]
    )


def merged(parts: Sequence[Moments]) -> Moments:
    """Returns the moments of all parts together.

    Raises:
        InvalidArgument: INVALID_FIELD: there are no parts.
    """
    if not parts:
        raise invalid_field("parts", "must be one or more")
    whole = parts[0]
    for part in parts[1:]:
        whole = merge(whole, part)
    return whole


def checked_axis(axis: int, axis_count: int) -> int:
    """Returns an axis of S, counted from the first; negative ones are counted from the last.

    Raises:
        InvalidArgument: INVALID_FIELD: there is no such axis.
    """
    if not -axis_count <= axis < axis_count:
        raise invalid_field("axis", f"{axis}, of samples with {axis_count} axes")
    return axis % axis_count


def _check_products(products: Floats) -> None:
    squares = np.diagonal(products, axis1=-2, axis2=-1)
    if (squares < 0).any():
        raise invalid_field("products", "negative variance")
    deviations = np.sqrt(squares)
    limit = deviations[..., :, None] * deviations[..., None, :]
    if (np.abs(products - np.swapaxes(products, -1, -2)) > limit * 1e-9).any():
        raise invalid_field("products", "must be symmetric")
    if (np.abs(products) > limit * (1 + 1e-9)).any():
        raise invalid_field("products", "larger than the variances allow")
