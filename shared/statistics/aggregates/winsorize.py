"""Caps values at quantiles of the pooled sample, so that a few extreme units do not drown the rest.

A cap is a quantile over the units of all arms together: an arm's own cap would cut a treatment's effect in the tail, or
make one up. For a ratio, both sides are capped by the same rule over the same units; a cap over all units on one side
and over those with events on the other would shift the ratio.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.aggregates.quantile_sketch import QuantileSketch
from shared.statistics.result import checks

Floats = NDArray[np.float64]


class Caps(NamedTuple):
    """Holds the range of values that stay as they are, for metrics of shape M; -inf and inf where there is no cap."""

    low: Floats
    high: Floats


class Winsorized(NamedTuple):
    """Holds capped values.

    Attributes:
        values: Shape M + (rows,).
        low_share: Share of rows that were below the low cap and are now at it, shape M; 0 without rows.
        high_share: As low_share, above the high cap.
    """

    values: Floats
    low_share: Floats
    high_share: Floats


def caps_from_arrays(
    values: ArrayLike, *, high_share: float, low_share: float = 0.0, nonzero_only: bool = False
) -> Caps:
    """Returns caps at quantiles of the values themselves: the smallest value that a share of them does not exceed.

    Args:
        values: One for each unit of all arms, shape M + (rows,). For a ratio, M is (2,): numerator and denominator.
        high_share: Of values that the high cap leaves alone, such as 0.99 or 0.999; ties at the cap are left alone too,
            and 1 means no cap.
        low_share: Of values that the low cap may raise; 0 means no cap.
        nonzero_only: Whether quantiles are over values other than 0, and caps never move a 0: for metrics that are 0
            for most units, whose cap over all units would be 0.

    Raises:
        InvalidArgument: INVALID_FIELD: a value is not finite, or the shares are not 0 <= low < high <= 1.
    """
    numbers = checks.finite("values", values)
    _check_shares(low_share, high_share)
    caps = np.empty((2, *numbers.shape[:-1]))
    for metric in np.ndindex(numbers.shape[:-1]):
        one = numbers[metric]
        low, high = _quantiles(one[one != 0] if nonzero_only else one, low_share, high_share)
        caps[:, *metric] = (min(low, 0.0), max(high, 0.0)) if nonzero_only else (low, high)
    return _caps(caps[0], caps[1], low_share, high_share)


def caps_from_sketch(sketch: QuantileSketch, *, high_share: float, low_share: float = 0.0) -> Caps:
    """Returns caps from the merged sketch of all arms, as `caps_from_arrays`, within the sketch's rank error; shape ().

    Raises:
        InvalidArgument: INVALID_FIELD: the shares are not 0 <= low < high <= 1, or a share is nearer to 0 or 1 than the
            rank error, so that the cap might be the extreme value itself.
    """
    _check_shares(low_share, high_share)
    for share in (low_share, 1 - high_share):
        if 0 < share < sketch.rank_error:
            raise invalid_field(
                "sketch", f"rank error {sketch.rank_error:.2g}, must be {share:.2g} or less: use a larger k"
            )
    ends = sketch.quantiles([low_share, high_share]).value if sketch.count else np.array([-np.inf, np.inf])
    return _caps(ends[0], ends[1], low_share, high_share)


def winsorize(values: ArrayLike, caps: Caps) -> Winsorized:
    """Returns the values, with those beyond a cap put at it.

    Args:
        values: Shape M + (rows,), of any arms.
        caps: Of shape M, from all arms together.

    Raises:
        InvalidArgument: INVALID_FIELD: a value is not finite, a low cap is not at most its high cap, or shapes do not
            fit.
    """
    numbers = checks.finite("values", values)
    low, high = np.asarray(caps.low)[..., None], np.asarray(caps.high)[..., None]
    if low.shape != high.shape or not (low <= high).all():
        raise invalid_field("caps", "must have low caps at or below high ones")
    if numbers.ndim == 0 or numbers.shape[:-1] != low.shape[:-1]:
        raise invalid_field("values", f"shape {numbers.shape}, must be {low.shape[:-1]} and rows")
    rows = max(numbers.shape[-1], 1)
    return Winsorized(
        np.clip(numbers, low, high),
        np.asarray((numbers < low).sum(axis=-1) / rows),
        np.asarray((numbers > high).sum(axis=-1) / rows),
    )


def _quantiles(values: Floats, low_share: float, high_share: float) -> tuple[float, float]:
    if values.size == 0:  # There is nothing to cap.
        return -np.inf, np.inf
    low, high = np.quantile(values, [low_share, high_share], method="inverted_cdf")
    return float(low), float(high)


def _caps(low: Floats, high: Floats, low_share: float, high_share: float) -> Caps:
    """Returns the caps, without those that were not asked for."""
    return Caps(
        np.asarray(low if low_share > 0 else np.full_like(low, -np.inf)),
        np.asarray(high if high_share < 1 else np.full_like(high, np.inf)),
    )


def _check_shares(low_share: float, high_share: float) -> None:
    if not 0 <= low_share < high_share <= 1:
        raise invalid_field(
            "high_share", f"{high_share}, with a low share of {low_share}: must be 0 <= low < high <= 1"
        )
