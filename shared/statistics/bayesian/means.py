"""Posteriors of means: normal-inverse-gamma prior, normal data of unknown variance; Student's t for the mean."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shared.errors import invalid_field
from shared.kernels.best_arm import student_best_arm
from shared.statistics.aggregates.moments import Moments, pooled
from shared.statistics.bayesian.posterior import BestArm, Posterior
from shared.statistics.estimates.means import FEW_UNITS
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Caution, Obstacle

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeanPrior:
    """Says what is known of means beforehand, in the metric's unit; entries broadcast with the data.

    Attributes:
        mean: Where the means are expected.
        standard_deviation: Of one unit's value, above 0; a mean's prior scale is this over sqrt(unit_count).
        unit_count: As many units as the prior is worth, for the mean and for the variance alike, above 0.
    """

    mean: ArrayLike
    standard_deviation: ArrayLike
    unit_count: ArrayLike


@dataclass(frozen=True, slots=True)
class StudentPosterior(Posterior):
    """Is location + scale t, for every arm, with t of Student's distribution; degrees of freedom are above 2."""

    location: Floats
    scale: Floats
    degrees_of_freedom: Floats

    def mean(self) -> Floats:
        """Returns locations."""
        return self.location

    def standard_deviation(self) -> Floats:
        """Returns scale sqrt(nu / (nu - 2))."""
        return self.scale * np.sqrt(self.degrees_of_freedom / (self.degrees_of_freedom - 2))

    def quantile(self, share: ArrayLike) -> Floats:
        """Returns quantiles of Student's t, moved and stretched."""
        return np.asarray(self.location + self.scale * special.stdtrit(self.degrees_of_freedom, share))

    def chance_below(self, value: Floats) -> Floats:
        """Returns the distribution function of Student's t."""
        return np.asarray(special.stdtr(self.degrees_of_freedom, (value - self.location) / self.scale))

    def density(self, value: Floats) -> Floats:
        """Returns the density."""
        freedom = self.degrees_of_freedom
        height = special.gammaln((freedom + 1) / 2) - special.gammaln(freedom / 2) - np.log(np.pi * freedom) / 2
        fall = (freedom + 1) / 2 * np.log1p(((value - self.location) / self.scale) ** 2 / freedom)
        return np.asarray(np.exp(height - fall) / self.scale)

    def to_line(self, value: Floats) -> Floats:
        """Returns asinh of the deviation over sqrt(nu): on it no tail is heavy."""
        return np.arcsinh((value - self.location) / (self.scale * np.sqrt(self.degrees_of_freedom)))

    def from_line(self, place: Floats) -> tuple[Floats, Floats]:
        """Returns the value and its derivative."""
        unit = self.scale * np.sqrt(self.degrees_of_freedom)
        return self.location + unit * np.sinh(place), unit * np.cosh(place)

    def peaks_at_zero(self) -> NDArray[np.bool_]:
        """Returns where the location is 0."""
        return np.asarray(self.location == 0)

    def best_arm(self, *, lower_is_better: bool) -> BestArm:
        """Returns which of K posteriors, shape (K,), is best: by quadrature."""
        columns = (-self.location if lower_is_better else self.location, self.scale, self.degrees_of_freedom)
        return BestArm(*student_best_arm(*map(np.ascontiguousarray, columns)))


def unit_information(moments: Moments, *, unit_count: float = 1.0) -> MeanPrior:
    """Returns the prior that knows as much as one unit, or as many as said: the mean and spread of all arms together.

    Arms are the last axis. The prior follows the data's unit, so that answers are the same in cents as in dollars
    (Kass and Wasserman 1995).

    Raises:
        InvalidArgument: INVALID_FIELD: the count is not above 0.
    """
    checks.positive("unit_count", unit_count)
    whole = pooled(moments, axis=-1)
    variance = whole.products[..., 0, 0] / np.maximum(whole.count, 1)
    return MeanPrior(whole.mean[..., 0][..., None], np.sqrt(variance)[..., None], unit_count)


def means(moments: Moments, *, prior: MeanPrior | None = None) -> StudentPosterior:
    """Returns posteriors of the means of one variable.

    With kappa = n0 + n, mean m and sum of squared deviations Q of the data, prior mean m0 and deviation s0, the
    posterior is Student's t with kappa degrees of freedom, location (n0 m0 + n m) / kappa and squared scale
    (n0 s0^2 + Q + n0 n (m - m0)^2 / kappa) / kappa^2 (Murphy 2007, equations 85 to 89, with nu0 = kappa0 = n0).

    Args:
        moments: Arms are the last axis.
        prior: `unit_information` of these moments where there is none.

    Raises:
        InvalidArgument: INVALID_FIELD: more than one variable, a number that is not one, or shapes that do not fit.
    """
    if moments.variable_count != 1 or not moments.shape:
        raise invalid_field("moments", "must be of one variable, with arms as last axis")
    known = unit_information(moments) if prior is None else prior
    centre, worth = checks.finite("prior.mean", known.mean), checks.positive("prior.unit_count", known.unit_count)
    check = checks.not_negative if prior is None else checks.positive
    deviation = check("prior.standard_deviation", known.standard_deviation)
    count, mean, squares = moments.count, moments.mean[..., 0], moments.products[..., 0, 0]
    checks.same_shape(moments=count, mean=centre, unit_count=worth, standard_deviation=deviation)
    kappa = worth + count
    step = mean - centre
    total = worth * deviation**2 + squares + worth * count / kappa * step**2
    obstacle = np.where(kappa <= 2, Obstacle.TOO_FEW_UNITS, np.where(deviation > 0, 0, Obstacle.ZERO_VARIANCE))
    obstacle = np.where(count == 0, Obstacle.NO_UNITS, obstacle).astype(np.int8)
    blocked = obstacle != 0
    return StudentPosterior(
        unit_count=np.broadcast_to(count, obstacle.shape),
        obstacle=obstacle,
        caution=np.broadcast_to(np.where(count < FEW_UNITS, Caution.FEW_UNITS, 0).astype(np.int32), obstacle.shape),
        location=np.where(blocked, np.nan, centre + count / kappa * step),
        scale=np.where(blocked, np.nan, np.sqrt(total) / kappa),
        degrees_of_freedom=np.where(blocked, np.nan, kappa),
    )
