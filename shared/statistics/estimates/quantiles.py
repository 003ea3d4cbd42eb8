"""Quantiles without their density: from the values at ranks that the quantile's own rank is likely to be between.

The share of units at or below the p-quantile has standard error e, sqrt(p (1 - p) / n) for independent units. Where the
share is p -+ 1.96 e, the values lie 3.92 standard errors of the quantile apart (Deng, Knoblich and Lu 2018, section 4):

    variance = ((x(p + 1.96 e) - x(p - 1.96 e)) / 3.92)^2

Units in clusters only make e larger: it is then the cluster-robust error of the share.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from shared.errors import invalid_field
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.clusters import FEW_CLUSTERS, cluster_means
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Caution, Obstacle

Floats = NDArray[np.float64]

UNEVEN: Final = 2.0
"""One half of the interval to the other. In a valley between two modes, where intervals of 95 % cover 78 %, four of
five samples are beyond it; at the median of lognormal values, 9 % are with 200 units and 1 % with 1,000."""

_REACH: Final = float(special.ndtri(0.975))


@dataclass(frozen=True, slots=True)
class OrderStatistics:
    """Holds what is known of quantiles, for any shape S.

    Attributes:
        value: At probability p.
        low, high: At the probabilities that `around` returns; NaN where one is not inside (0, 1).
        unit_count: Units, or values where units have several.
        degrees_of_freedom: Of the share's error; inf where units are independent.
    """

    value: Floats
    low: Floats
    high: Floats
    unit_count: Floats
    degrees_of_freedom: Floats


def share_error(probability: ArrayLike, count: ArrayLike) -> Floats:
    """Returns the standard error of the share of independent units at or below a quantile.

    Raises:
        InvalidArgument: INVALID_FIELD: a probability outside [0, 1], or a count that is not whole.
    """
    share, counted = checks.shares("probability", probability), checks.counts("count", count)
    return np.asarray(np.sqrt(share * (1 - share) / np.maximum(counted, 1)))


def around(probability: ArrayLike, error: ArrayLike) -> tuple[Floats, Floats]:
    """Returns the probabilities at which a sketch has to be asked for `low` and `high`; NaN where one has no value.

    Args:
        probability: Of the quantile.
        error: Of its share, from `share_error`, or the root of `cluster_means(...).variance`.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    share, reach = checks.shares("probability", probability), _REACH * checks.not_negative("error", error)
    low, high = share - reach, share + reach
    inside = (low > 0) & (high < 1)
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def order_statistics(
    sorted_values: ArrayLike, probability: ArrayLike, *, below: Moments | None = None
) -> OrderStatistics:
    """Returns the order statistics of samples, interpolated between the ranks n p + 1/2 (Hazen 1914).

    Args:
        sorted_values: Shape S + (n,), rising along the last axis.
        probability: Of the quantile, of shape S or broadcast to it.
        below: Of clusters of units, shape S: how many values are at or below the quantile, and how many there are.
            None: units are independent, one value each.

    Raises:
        InvalidArgument: INVALID_FIELD: values that are not finite or not sorted, or a probability outside [0, 1].
    """
    values = checks.finite("sorted_values", sorted_values)
    if values.ndim == 0 or (np.diff(values, axis=-1) < 0).any():
        raise invalid_field("sorted_values", "must rise along the last axis")
    size = values.shape[-1]
    share = np.broadcast_to(checks.shares("probability", probability), values.shape[:-1])
    if below is None:
        error, freedom = share_error(share, size), np.full(share.shape, np.inf)
    else:
        robust = cluster_means(below)
        error, freedom = np.sqrt(robust.variance), robust.degrees_of_freedom
    low, high = around(share, error)
    return OrderStatistics(
        value=_at(values, share),
        low=_at(values, low),
        high=_at(values, high),
        unit_count=np.full(share.shape, float(size)),
        degrees_of_freedom=freedom,
    )


def quantiles(statistics: OrderStatistics) -> ArmEstimates:
    """Returns the quantiles with their variances.

    TIES where the quantile equals a value that bounds it: the distribution steps there, and what error the quantile
    has depends on where in the step it is. UNEVEN_DENSITY where the bounds are not about as far from it on both sides:
    the error is not nearly normal then.
    """
    low, value, high, count = statistics.low, statistics.value, statistics.high, statistics.unit_count
    known = np.isfinite(high - low)
    width = np.where(known, high - low, 0.0)
    obstacle = np.where(width > 0, np.int8(Obstacle.NONE), np.int8(Obstacle.ZERO_VARIANCE))
    obstacle = np.where(known, obstacle, np.int8(Obstacle.TOO_FEW_UNITS))
    ties = ((value == low) | (value == high)) * np.int32(Caution.TIES)
    with np.errstate(invalid="ignore"):
        uneven = np.maximum(high - value, value - low) > UNEVEN * np.minimum(high - value, value - low)
    few = (statistics.degrees_of_freedom + 1 < FEW_CLUSTERS) * np.int32(Caution.FEW_CLUSTERS)
    return ArmEstimates(
        value=np.where(count > 0, value, np.nan),
        variance=(width / (2 * _REACH)) ** 2,
        common_variance=np.zeros(count.shape),
        degrees_of_freedom=statistics.degrees_of_freedom,
        unit_count=count,
        obstacle=np.where(count > 0, obstacle, np.int8(Obstacle.NO_UNITS)),
        caution=ties | few | uneven * np.int32(Caution.UNEVEN_DENSITY),
    )


def rank_interval(
    count: ArrayLike, probability: ArrayLike, *, alpha: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns the ranks, from 1, of the values between which a sample's quantile lies with 1 - alpha or more.

    The number of units below the quantile is binomial whatever the distribution (Conover 1999, section 3.2). Rank 0 or
    count + 1: the sample is too small for a bound on that side.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    counted, share = checks.counts("count", count), checks.shares("probability", probability)
    tail = checks.alpha(alpha) / 2
    low, high = stats.binom.ppf(tail, counted, share), stats.binom.isf(tail, counted, share) + 1
    return low.astype(np.int64), high.astype(np.int64)


def _at(values: Floats, probability: Floats) -> Floats:
    """Returns values at probabilities, NaN for NaN."""
    size = values.shape[-1]
    position = np.clip(np.where(np.isnan(probability), 0.5, probability) * size - 0.5, 0, size - 1)
    rank = np.floor(position).astype(np.int64)
    below = np.take_along_axis(values, rank[..., None], -1)[..., 0]
    above = np.take_along_axis(values, np.minimum(rank + 1, size - 1)[..., None], -1)[..., 0]
    return np.where(np.isnan(probability), np.nan, below + (above - below) * (position - rank))
