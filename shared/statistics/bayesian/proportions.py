"""Posteriors of proportions: Beta prior, binomial data."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shared.errors import invalid_field
from shared.kernels.best_arm import beta_best_arm
from shared.statistics.bayesian.posterior import BestArm, Posterior, log_ratio
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Obstacle

Floats = NDArray[np.float64]

TINY: Final = 1e-300
ALMOST_ONE: Final = float(np.nextafter(1, 0))


@dataclass(frozen=True, slots=True)
class BetaPrior:
    """Says what is known of proportions beforehand; entries broadcast with the data.

    Attributes:
        alpha: As many successes as the prior is worth, above 0.
        beta: As many failures, above 0.
    """

    alpha: ArrayLike
    beta: ArrayLike

    @classmethod
    def of_mean(cls, mean: ArrayLike, unit_count: ArrayLike) -> "BetaPrior":
        """Returns the prior that is centred on the mean and worth as many units; the mean is in (0, 1).

        Raises:
            InvalidArgument: INVALID_FIELD: a mean is not in (0, 1), or a count not above 0.
        """
        centre, worth = checks.positive("mean", mean), checks.positive("unit_count", unit_count)
        checks.positive("mean", 1 - centre)
        return cls(centre * worth, (1 - centre) * worth)


UNIFORM: Final = BetaPrior(1.0, 1.0)
"""Every proportion is as likely as any other (Bayes 1763); it has no scale, since proportions have none."""


@dataclass(frozen=True, slots=True)
class BetaPosterior(Posterior):
    """Is Beta(alpha, beta), for every arm."""

    alpha: Floats
    beta: Floats

    def mean(self) -> Floats:
        """Returns alpha / (alpha + beta)."""
        return self.alpha / (self.alpha + self.beta)

    def standard_deviation(self) -> Floats:
        """Returns sqrt(mean (1 - mean) / (alpha + beta + 1))."""
        total = self.alpha + self.beta
        return np.sqrt(self.alpha * self.beta / (total + 1)) / total

    def quantile(self, share: ArrayLike) -> Floats:
        """Returns the inverse of the regularised incomplete beta function."""
        return np.asarray(special.betaincinv(self.alpha, self.beta, share))

    def chance_below(self, value: Floats) -> Floats:
        """Returns the regularised incomplete beta function."""
        return np.asarray(special.betainc(self.alpha, self.beta, np.clip(value, 0, 1)))

    def density(self, value: Floats) -> Floats:
        """Returns the density; 0 outside of (0, 1)."""
        inside = (value > 0) & (value < 1)
        place, mean = np.where(inside, value, 0.5), self.mean()
        rest = self.beta / (self.alpha + self.beta)
        # Relative to the mean, so that large parameters cost no digits.
        fall = self.alpha * log_ratio(place, mean) + self.beta * log_ratio(1 - place, rest)
        height = special.xlogy(self.alpha, mean) + special.xlogy(self.beta, rest)
        height = height - special.betaln(self.alpha, self.beta)
        return np.asarray(np.where(inside, np.exp(fall + height) / (place * (1 - place)), 0.0))

    def to_line(self, value: Floats) -> Floats:
        """Returns log-odds."""
        return np.asarray(special.logit(np.clip(value, TINY, ALMOST_ONE)))

    def from_line(self, place: Floats) -> tuple[Floats, Floats]:
        """Returns the logistic function and its derivative."""
        return special.expit(place), special.expit(place) * special.expit(-place)

    def peaks_at_zero(self) -> NDArray[np.bool_]:
        """Returns where alpha is 1 or less."""
        return np.asarray(self.alpha <= 1)

    def best_arm(self, *, lower_is_better: bool) -> BestArm:
        """Returns which of K posteriors, shape (K,), is best: by quadrature over the log-odds."""
        shares = (self.beta, self.alpha) if lower_is_better else (self.alpha, self.beta)
        return BestArm(*beta_best_arm(*map(np.ascontiguousarray, shares)))


def proportions(successes: ArrayLike, count: ArrayLike, *, prior: BetaPrior = UNIFORM) -> BetaPosterior:
    """Returns Beta(alpha + successes, beta + count - successes); shapes broadcast.

    Raises:
        InvalidArgument: INVALID_FIELD: not whole numbers, more successes than units, or a prior's entry not above 0.
    """
    alpha, beta = checks.positive("prior.alpha", prior.alpha), checks.positive("prior.beta", prior.beta)
    hits, counted = checks.counts("successes", successes), checks.counts("count", count)
    checks.same_shape(successes=hits, count=counted, alpha=alpha, beta=beta)
    hits, counted, alpha, beta = np.broadcast_arrays(hits, counted, alpha, beta)
    if (hits > counted).any():
        raise invalid_field("successes", "more successes than units")
    empty = counted == 0
    return BetaPosterior(
        unit_count=counted,
        obstacle=np.where(empty, Obstacle.NO_UNITS, 0).astype(np.int8),
        caution=np.zeros(counted.shape, np.int32),
        alpha=np.where(empty, np.nan, alpha + hits),
        beta=np.where(empty, np.nan, beta + counted - hits),
    )
