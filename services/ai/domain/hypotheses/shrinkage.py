"""What experiments of the past say of effects in general, and of one effect: empirical Bayes.

Lifts l_i, each with standard error s_i and turned so that above 0 is good, are taken as

    l_i ~ N(t_i, s_i^2)    t_i ~ N(m, T^2)    m ~ N(0, T^2)

so that the general tendency m is of the size of one experiment's effect. T is where the marginal likelihood times T is
largest, as if T had a Gamma(2, 0) prior: that keeps it off 0, where the likelihood alone often puts it with few
experiments (Chung, Rabe-Hesketh, Dorie, Gelman and Liu 2013). One effect is then the normal posterior under T and m.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats: TypeAlias = NDArray[np.float64]

LEAST_EXPERIMENTS: Final = 3
"""With fewer, T cannot be told from the errors."""

_GRID_SIZE: Final = 400


@dataclass(frozen=True, slots=True)
class Belief:
    """Is a normal belief of an effect, turned so that above 0 is good; `deviation` is above 0."""

    mean: float
    deviation: float

    @property
    def probability_good(self) -> float:
        """Returns the probability that the effect is above 0."""
        return float(special.ndtr(self.mean / self.deviation))

    def interval(self, coverage: float) -> tuple[float, float]:
        """Returns the central interval of a coverage in (0, 1)."""
        reach = float(special.ndtri((1 + coverage) / 2)) * self.deviation
        return self.mean - reach, self.mean + reach


@dataclass(frozen=True, slots=True)
class Kinsman:
    """Is a measured effect that is kin to the one in question.

    Attributes:
        lift: As measured, turned so that above 0 is good.
        standard_error: Of the lift, above 0.
        correlation: Between the true effects, in [-1, 1] and not 0; 1: they are the same.
    """

    lift: float
    standard_error: float
    correlation: float = 1.0


def belief_of_effects(lifts: Sequence[float], standard_errors: Sequence[float]) -> Belief | None:
    """Returns the belief of the effect of an experiment to come; None: there are too few experiments.

    Args:
        lifts: Turned so that above 0 is good.
        standard_errors: Each above 0.
    """
    if len(lifts) < LEAST_EXPERIMENTS:
        return None
    values, variances = np.asarray(lifts, dtype=np.float64), np.asarray(standard_errors, dtype=np.float64) ** 2
    largest = float(np.sqrt(values @ values + variances.max()))
    grid = np.geomspace(largest * 1e-4, largest * 10, _GRID_SIZE)
    spread = float(grid[_log_posterior(grid, values, variances).argmax()])
    weights = 1 / (variances + spread**2)
    mean_variance = 1 / (1 / spread**2 + float(weights.sum()))
    return Belief(mean_variance * float(weights @ values), math.sqrt(spread**2 + mean_variance))


def updated(belief: Belief, kin: Sequence[Kinsman]) -> Belief:
    """Returns the belief after effects that are kin were measured, taken as independent of each other given this one.

    A kinsman of correlation r says l = m + r (t - m) + noise of variance T^2 (1 - r^2) + s^2.
    """
    precision, pull = 1 / belief.deviation**2, 0.0
    for one in kin:
        noise = belief.deviation**2 * (1 - one.correlation**2) + one.standard_error**2
        precision += one.correlation**2 / noise
        pull += one.correlation * (one.lift - belief.mean) / noise
    return Belief(belief.mean + pull / precision, math.sqrt(1 / precision))


def _log_posterior(spread: Floats, values: Floats, variances: Floats) -> Floats:
    """Returns log T plus the log likelihood of the lifts, m integrated out, up to a constant."""
    between = spread[:, None] ** 2
    weights = 1 / (variances + between)
    total, pull = weights.sum(-1), (weights * values).sum(-1)
    shrunk = between[:, 0] / (1 + between[:, 0] * total)
    square = (weights * values**2).sum(-1) - shrunk * pull**2
    log_size = -np.log(weights).sum(-1) + np.log1p(between[:, 0] * total)
    return np.asarray(np.log(spread) - (log_size + square) / 2)
