"""What is known of a metric before the experiment: its value and how much one unit varies, without and with an effect.

A difference of two arms of n_t and n_c units has variance v_t / n_t + v_c / n_c. Here is v, for every kind of metric:

    mean          s^2                                               the same in both arms
    proportion    p (1 - p)                                         follows the value
    count         d m                                               follows the value; d = 1 is Poisson
    rate          d r / e                                           e: exposure of a unit, such as hours
    ratio         (s_N^2 - 2 R s_ND + R^2 s_D^2) / m_D^2            delta method (Deng, Knoblich and Lu 2018, eq. 7)
    quantile      q (1 - q) / f^2                                   f: density of the values at the quantile
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.result import checks

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int8]


class MetricKind(IntEnum):
    """Says how the variance follows the value, and which distribution the statistic has."""

    MEAN = 0
    PROPORTION = 1
    COUNT = 2
    RATE = 3
    RATIO = 4
    QUANTILE = 5


@dataclass(frozen=True, slots=True)
class Baseline:
    """Holds metrics as they are under control, of any shape S; made by the class methods.

    Attributes:
        kind: `MetricKind` as int8.
        value: In the metric's unit.
        variance: Of one unit under control, after covariates and clusters: an arm of n units has variance / n.
        units_per_cluster: Size of an average unit's cluster, so that units over it are the effective clusters; 1 where
            units are randomised by themselves.
        skewness: Of the units' values; 0 where it is not known.
    """

    kind: Codes
    value: Floats
    variance: Floats
    units_per_cluster: Floats
    skewness: Floats

    @classmethod
    def mean(cls, value: ArrayLike, variance: ArrayLike, *, skewness: ArrayLike = 0.0) -> "Baseline":
        """Returns baselines of means of one value a unit.

        Raises:
            InvalidArgument: INVALID_FIELD: not finite, or a variance that is not above 0.
        """
        level, spread = checks.finite("value", value), checks.positive("variance", variance)
        return _made(MetricKind.MEAN, level, spread, checks.finite("skewness", skewness))

    @classmethod
    def proportion(cls, value: ArrayLike) -> "Baseline":
        """Returns baselines of shares of units, each in (0, 1).

        Raises:
            InvalidArgument: INVALID_FIELD.
        """
        share = checks.shares("value", value)
        return _made(MetricKind.PROPORTION, share, checks.positive("value", share * (1 - share)))

    @classmethod
    def count(cls, value: ArrayLike, *, dispersion: ArrayLike = 1.0) -> "Baseline":
        """Returns baselines of counts of events, one count a unit.

        Args:
            value: Mean count of a unit, above 0.
            dispersion: Variance over mean, above 0; 1 is Poisson. It stays the same under the treatment.

        Raises:
            InvalidArgument: INVALID_FIELD.
        """
        mean = checks.positive("value", value)
        return _made(MetricKind.COUNT, mean, checks.positive("dispersion", dispersion) * mean)

    @classmethod
    def rate(cls, value: ArrayLike, *, exposure: ArrayLike, dispersion: ArrayLike = 1.0) -> "Baseline":
        """Returns baselines of events per exposure, such as failures per hour.

        Args:
            value: Events per exposure, above 0.
            exposure: Mean exposure of a unit, above 0.
            dispersion: As for `count`.

        Raises:
            InvalidArgument: INVALID_FIELD.
        """
        rate, spread = checks.positive("value", value), checks.positive("dispersion", dispersion)
        return _made(MetricKind.RATE, rate, spread * rate / checks.positive("exposure", exposure))

    @classmethod
    def ratio(
        cls,
        *,
        numerator_mean: ArrayLike,
        denominator_mean: ArrayLike,
        numerator_variance: ArrayLike,
        denominator_variance: ArrayLike,
        covariance: ArrayLike,
    ) -> "Baseline":
        """Returns baselines of ratios of two means, both measured on the units that are randomised.

        Raises:
            InvalidArgument: INVALID_FIELD: not finite, a denominator of 0, or moments whose ratio does not vary.
        """
        denominator = checks.finite("denominator_mean", denominator_mean)
        if (denominator == 0).any():
            raise invalid_field("denominator_mean", "must not be 0")
        ratio = checks.finite("numerator_mean", numerator_mean) / denominator
        variance = (
            checks.not_negative("numerator_variance", numerator_variance)
            - 2 * ratio * checks.finite("covariance", covariance)
            + ratio**2 * checks.not_negative("denominator_variance", denominator_variance)
        ) / denominator**2
        return _made(MetricKind.RATIO, ratio, checks.positive("variance of the ratio", variance))

    @classmethod
    def quantile(cls, value: ArrayLike, *, level: ArrayLike, density: ArrayLike) -> "Baseline":
        """Returns baselines of quantiles.

        Args:
            value: The quantile, in the metric's unit.
            level: Such as 0.9, in (0, 1).
            density: Of the values at the quantile, above 0: share of units per unit of the metric.

        Raises:
            InvalidArgument: INVALID_FIELD.
        """
        share = checks.shares("level", level)
        spread = checks.positive("level", share * (1 - share)) / checks.positive("density", density) ** 2
        return _made(MetricKind.QUANTILE, checks.finite("value", value), spread)

    @property
    def shape(self) -> tuple[int, ...]:
        """Returns the common shape S."""
        return self.value.shape

    def with_covariates(self, explained_share: ArrayLike) -> "Baseline":
        """Returns baselines whose variance is (1 - R^2) times as large (Deng, Xu, Kohavi and Walker 2013, eq. 4).

        Args:
            explained_share: R^2 of covariates from before the start, in [0, 1); for one covariate its squared
                correlation with the metric.

        Raises:
            InvalidArgument: INVALID_FIELD.
        """
        left = checks.positive("explained_share", 1 - checks.shares("explained_share", explained_share))
        return _broadcast(self.kind, self.value, self.variance * left, self.units_per_cluster, self.skewness)

    def in_clusters(
        self, units_per_cluster: ArrayLike, *, correlation: ArrayLike, size_variation: ArrayLike = 0.0
    ) -> "Baseline":
        """Returns baselines whose variance is inflated by the design effect 1 + ((1 + c^2) m - 1) ICC.

        Eldridge, Ashby and Kerry 2006, eq. 3; with equal sizes it is Kish's 1 + (m - 1) ICC.

        Args:
            units_per_cluster: Mean size m of a cluster, 1 or more.
            correlation: Of units of one cluster (ICC), in [0, 1].
            size_variation: Standard deviation of the sizes over their mean, c.

        Raises:
            InvalidArgument: INVALID_FIELD.
        """
        size = checks.positive("units_per_cluster", units_per_cluster)
        if (size < 1).any():
            raise invalid_field("units_per_cluster", "must be 1 or more")
        spread = (1 + checks.not_negative("size_variation", size_variation) ** 2) * size
        effect = 1 + (spread - 1) * checks.shares("correlation", correlation)
        return _broadcast(self.kind, self.value, self.variance * effect, spread, self.skewness)

    def treatment_variance(self, difference: ArrayLike) -> Floats:
        """Returns the variance of one unit under a treatment; NaN where no treatment can have such a value.

        Args:
            difference: Treatment minus control, in the metric's unit; broadcasts with S.
        """
        change = np.asarray(difference, dtype=np.float64)
        below, above = self.room
        with np.errstate(invalid="ignore", divide="ignore"):
            growth = np.where(np.isin(self.kind, (MetricKind.COUNT, MetricKind.RATE)), change / self.value, 0.0)
            peak = self.value * (1 - self.value)
            growth = np.where(self.kind == MetricKind.PROPORTION, change * (1 - 2 * self.value - change) / peak, growth)
        return np.where((-below <= change) & (change <= above), self.variance * np.maximum(1 + growth, 0.0), np.nan)

    @property
    def room(self) -> tuple[Floats, Floats]:
        """Returns how far a treatment's value can be below and above the control's, inf where nothing limits it."""
        limited = np.isin(self.kind, (MetricKind.PROPORTION, MetricKind.COUNT, MetricKind.RATE))
        below = np.where(limited, self.value, np.inf)
        return below, np.where(self.kind == MetricKind.PROPORTION, 1 - self.value, np.inf)

    def __getitem__(self, index: int | slice | tuple[int | slice | None, ...]) -> "Baseline":
        """Returns some of the metrics, or the same with new axes."""
        return Baseline(self.kind[index], *(part[index] for part in _numbers(self)))


def stacked(baselines: Sequence[Baseline]) -> Baseline:
    """Returns metrics of any kinds as one, along a new first axis.

    Raises:
        InvalidArgument: INVALID_FIELD: there are none, or their shapes differ.
    """
    if len({one.shape for one in baselines}) != 1:
        raise invalid_field("baselines", "must be one or more, of one shape")
    numbers = zip(*(_numbers(one) for one in baselines), strict=True)
    return Baseline(np.stack([one.kind for one in baselines]), *(np.stack(parts) for parts in numbers))


def _made(kind: MetricKind, value: Floats, variance: Floats, skewness: ArrayLike = 0.0) -> Baseline:
    return _broadcast(np.array(kind, dtype=np.int8), value, variance, np.ones(()), np.asarray(skewness))


def _broadcast(kind: Codes, value: Floats, variance: Floats, *others: Floats) -> Baseline:
    """Returns a baseline of one shape from its attributes in their order."""
    checks.same_shape(value=value, variance=variance, units_per_cluster=others[0], skewness=others[1])
    return Baseline(*np.broadcast_arrays(kind, value, variance, *others))


def _numbers(baseline: Baseline) -> tuple[Floats, ...]:
    return baseline.value, baseline.variance, baseline.units_per_cluster, baseline.skewness
