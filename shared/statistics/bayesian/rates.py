"""Posteriors of rates of events: Gamma prior, Poisson data with an exposure."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shared.errors import invalid_field
from shared.kernels.best_arm import gamma_best_arm
from shared.statistics.aggregates.moments import Moments
from shared.statistics.bayesian.posterior import BestArm, Posterior, log_ratio
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Caution, Obstacle

Floats = NDArray[np.float64]

TINY: Final = 1e-300
MOST_DISPERSED: Final = 1.1
"""Variance over mean of counts beyond which 95 % intervals cover less than 94 %: 2 Phi(1.96 / sqrt(1.1)) - 1."""
SURE: Final = 0.001


@dataclass(frozen=True, slots=True)
class GammaPrior:
    """Says what is known of rates beforehand; entries broadcast with the data.

    Attributes:
        shape: As many events as the prior is worth, above 0.
        rate: The exposure in which they were seen, above 0.
    """

    shape: ArrayLike
    rate: ArrayLike

    @classmethod
    def of_mean(cls, mean: ArrayLike, event_count: ArrayLike) -> "GammaPrior":
        """Returns the prior that is centred on the mean (events per unit of exposure) and worth as many events.

        Raises:
            InvalidArgument: INVALID_FIELD: not above 0.
        """
        worth = checks.positive("event_count", event_count)
        return cls(worth, worth / checks.positive("mean", mean))


@dataclass(frozen=True, slots=True)
class GammaPosterior(Posterior):
    """Is Gamma with mean alpha / beta, for every arm."""

    alpha: Floats
    beta: Floats

    def mean(self) -> Floats:
        """Returns alpha / beta."""
        return self.alpha / self.beta

    def standard_deviation(self) -> Floats:
        """Returns sqrt(alpha) / beta."""
        return np.sqrt(self.alpha) / self.beta

    def quantile(self, share: ArrayLike) -> Floats:
        """Returns the inverse of the regularised incomplete gamma function, over beta."""
        return np.asarray(special.gammaincinv(self.alpha, share) / self.beta)

    def chance_below(self, value: Floats) -> Floats:
        """Returns the regularised incomplete gamma function."""
        return np.asarray(special.gammainc(self.alpha, self.beta * np.maximum(value, 0)))

    def density(self, value: Floats) -> Floats:
        """Returns the density; 0 for values that are not above 0."""
        inside = value > 0
        place = np.where(inside, value, 1.0)
        # Relative to the mean, so that large parameters cost no digits.
        fall = self.alpha * log_ratio(place, self.mean()) - (self.beta * place - self.alpha)
        height = special.xlogy(self.alpha, self.alpha) - self.alpha - special.gammaln(self.alpha)
        return np.asarray(np.where(inside, np.exp(fall + height) / place, 0.0))

    def to_line(self, value: Floats) -> Floats:
        """Returns logarithms."""
        return np.log(np.maximum(value, TINY))

    def from_line(self, place: Floats) -> tuple[Floats, Floats]:
        """Returns exp and its derivative."""
        return np.exp(place), np.exp(place)

    def peaks_at_zero(self) -> NDArray[np.bool_]:
        """Returns where alpha is 1 or less."""
        return np.asarray(self.alpha <= 1)

    def best_arm(self, *, lower_is_better: bool) -> BestArm:
        """Returns which of K posteriors, shape (K,), is best: by quadrature over the logarithm."""
        columns = map(np.ascontiguousarray, (self.alpha, self.beta))
        return BestArm(*gamma_best_arm(*columns, smallest_is_best=lower_is_better))


def one_event(event_count: ArrayLike, exposure: ArrayLike) -> GammaPrior:
    """Returns the prior that is worth one event, at the rate of all arms together; arms are the last axis.

    It follows the data's unit: answers are the same per hour as per day. Without any event it has no rate, NaN.
    """
    events, exposed = np.broadcast_arrays(event_count, exposure)
    total = events.sum(axis=-1, keepdims=True)
    return GammaPrior(1.0, exposed.sum(axis=-1, keepdims=True) / np.where(total > 0, total, np.nan))


def rates(event_count: ArrayLike, exposure: ArrayLike, *, prior: GammaPrior | None = None) -> GammaPosterior:
    """Returns Gamma posteriors: events are added to the prior's shape, exposure to its rate; arms are the last axis.

    Args:
        event_count: Whole numbers.
        exposure: What the events are counted per, such as units or days; shapes broadcast.
        prior: `one_event` of these data where there is none.

    Raises:
        InvalidArgument: INVALID_FIELD: events that are not whole numbers, negative exposure, events without exposure,
            a prior's entry not above 0, no axis of arms, or shapes that do not fit.
    """
    events, exposed = checks.counts("event_count", event_count), checks.not_negative("exposure", exposure)
    checks.same_shape(event_count=events, exposure=exposed)
    events, exposed = np.broadcast_arrays(events, exposed)
    if not events.shape:
        raise invalid_field("event_count", "must have arms as last axis")
    if ((events > 0) & (exposed == 0)).any():
        raise invalid_field("exposure", "0, yet there are events")
    return _updated(events, exposed, _checked(events, exposed, prior))


def counts(moments: Moments, *, prior: GammaPrior | None = None) -> GammaPosterior:
    """Returns Gamma posteriors of events per unit, where the variable is each unit's count; arms are the last axis.

    Poisson counts have a variance equal to their mean. Where it is clearly larger the posterior is too narrow: then
    OVERDISPERSED is flagged, and `effects.compare_effects` of the counts' means is the better answer.

    Raises:
        InvalidArgument: INVALID_FIELD: more than one variable, a negative mean, or as for `rates`.
    """
    if moments.variable_count != 1:
        raise invalid_field("moments", f"{moments.variable_count} variables, must be 1")
    mean = checks.not_negative("mean", moments.mean[..., 0])
    posterior = rates(np.rint(moments.count * mean), moments.count, prior=prior)
    freedom = np.maximum(moments.count - 1, 1)
    # Fisher's index of dispersion (1925): Q / mean is chi-squared on n - 1 degrees of freedom for Poisson counts.
    index = moments.products[..., 0, 0] / np.where(mean > 0, mean, 1.0)
    dispersed = (index > MOST_DISPERSED * freedom) & (special.chdtrc(freedom, index) < SURE)
    flags = np.where(dispersed, Caution.OVERDISPERSED, 0).astype(np.int32)
    return GammaPosterior(posterior.unit_count, posterior.obstacle, flags, posterior.alpha, posterior.beta)


def _checked(events: Floats, exposed: Floats, prior: GammaPrior | None) -> GammaPrior:
    if prior is None:
        return one_event(events, exposed)
    known = GammaPrior(checks.positive("prior.shape", prior.shape), checks.positive("prior.rate", prior.rate))
    checks.same_shape(event_count=events, shape=np.asarray(known.shape), rate=np.asarray(known.rate))
    return known


def _updated(events: Floats, exposed: Floats, prior: GammaPrior) -> GammaPosterior:
    alpha, beta = np.broadcast_arrays(np.asarray(prior.shape) + events, np.asarray(prior.rate) + exposed)
    exposed = np.broadcast_to(exposed, alpha.shape)
    obstacle = np.where(exposed == 0, Obstacle.NO_UNITS, np.where(np.isnan(beta), Obstacle.NO_EVENTS, 0))
    return GammaPosterior(
        unit_count=exposed,
        obstacle=obstacle.astype(np.int8),
        caution=np.zeros(alpha.shape, np.int32),
        alpha=np.where(obstacle != 0, np.nan, alpha),
        beta=np.where(obstacle != 0, np.nan, beta),
    )
