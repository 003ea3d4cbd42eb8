"""Which arm is best, exactly: probability of being best and expected loss, by quadrature and not by simulation.

Against dense composite quadrature with SciPy's distribution functions, probabilities are right to 1e-10 and losses to
1e-8 of the largest scale.
"""

from typing import Final

import numpy as np

from shared.kernels import _quadrature
from shared.kernels.arguments import Floats, vector

LOG_MASS: Final = 32.0
"""Tails may be left out where they hold less than exp(-LOG_MASS) of an arm's mass."""
LEAST_FREEDOM: Final = 0.1
FARTHEST: Final = 1e100
"""Of locations and scales, in units of the largest scale: beyond it their squares would overflow."""
WIDEST_LOGARITHM: Final = 30.0
"""Of a Gamma arm's peak: the end of the density is sought in steps of this, and exp must not overflow there."""


def beta_best_arm(alpha: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """Returns each arm's probability of having the largest proportion, and its expected loss.

    The posteriors are independent and Beta. Where the smallest is best, swap alpha and beta.

    Args:
        alpha: Shape (K,) float64, above 0 and finite.
        beta: As alpha.

    Returns:
        Probabilities, shape (K,), summing to 1, and E[max_j theta_j - theta_i], shape (K,), 0 or more.

    Raises:
        ValueError: A shape, a dtype or a value is not as said.
    """
    alpha, beta = _positive("alpha", alpha), _positive("beta", beta)
    _check_sizes(alpha, beta)
    mode = np.log(alpha) - np.log(beta)
    width = np.sqrt(1 / alpha + 1 / beta)
    return _quadrature.best_arm(_quadrature.BETA, _arms(alpha, beta, mode, width, np.full(alpha.size, -LOG_MASS)))


def student_best_arm(location: Floats, scale: Floats, degrees_of_freedom: Floats) -> tuple[Floats, Floats]:
    """Returns each arm's probability of having the largest mean, and its expected loss.

    The posteriors are independent: location + scale t, with t of Student's distribution. Where the smallest is best,
    negate the locations.

    Args:
        location: Shape (K,) float64, finite.
        scale: Shape (K,) float64, above 0 and finite.
        degrees_of_freedom: Shape (K,) float64, above 0 and finite; below 0.1 it counts as 0.1.

    Returns:
        Probabilities, shape (K,), summing to 1, and E[max_j theta_j - theta_i], shape (K,), in the location's unit, 0
        or more. With two arms or more every loss is inf where some arm has 1 degree of freedom or less.

    Raises:
        ValueError: A shape, a dtype or a value is not as said.
    """
    location, scale = vector("location", location, np.float64), _positive("scale", scale)
    freedom = np.maximum(_positive("degrees_of_freedom", degrees_of_freedom), LEAST_FREEDOM)
    _check_sizes(location, scale, freedom)
    if not np.isfinite(location).all():
        raise ValueError("location: must be finite")
    # The origin is the highest arm, so that arms that compete with it keep their digits however far the others are.
    unit = scale.max()
    mode = (location - location.max()) / unit
    width = scale / unit
    if not ((mode >= -FARTHEST) & (width >= 1 / FARTHEST)).all():
        raise ValueError(f"location, scale: must be within {FARTHEST:g} of each other, in units of the largest scale")
    floor = -LOG_MASS * (freedom + 1) / freedom
    probability, loss = _quadrature.best_arm(_quadrature.STUDENT, _arms(freedom, width, mode, width, floor))
    return probability, loss * unit


def gamma_best_arm(shape: Floats, rate: Floats, *, smallest_is_best: bool = False) -> tuple[Floats, Floats]:
    """Returns each arm's probability of having the largest rate of events, or the smallest, and its expected loss.

    The posteriors are independent and Gamma with mean shape / rate.

    Args:
        shape: Shape (K,) float64, above 0 and finite.
        rate: As shape.
        smallest_is_best: Turns the question around; no other Gamma arms give that answer.

    Returns:
        Probabilities, shape (K,), summing to 1, and E[max_j theta_j - theta_i] or E[theta_i - min_j theta_j], shape
        (K,), in the mean's unit, 0 or more.

    Raises:
        ValueError: A shape, a dtype or a value is not as said.
    """
    shape, rate = _positive("shape", shape), _positive("rate", rate)
    _check_sizes(shape, rate)
    mean = shape / rate
    unit = mean.max()
    if not (np.isfinite(unit) and (mean >= unit / FARTHEST).all()):
        raise ValueError(f"shape, rate: means must be within a factor of {FARTHEST:g} of each other")
    mode, width = np.log(mean / unit), np.minimum(1 / np.sqrt(shape), WIDEST_LOGARITHM)
    floor = np.full(shape.size, -LOG_MASS)
    family, line = (_quadrature.MINUS_GAMMA, -mode) if smallest_is_best else (_quadrature.GAMMA, mode)
    probability, loss = _quadrature.best_arm(family, _arms(shape, rate, line, width, floor))
    return probability, loss * unit


def _arms(*columns: Floats) -> _quadrature.Arms:
    # Stacked, so that all are arrays of one kind and the kernel is compiled once.
    return _quadrature.Arms(*np.stack(columns))


def _positive(name: str, values: Floats) -> Floats:
    values = vector(name, values, np.float64)
    if not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(f"{name}: must be above 0 and finite")
    return values


def _check_sizes(*columns: Floats) -> None:
    if columns[0].size == 0 or len({column.size for column in columns}) > 1:
        sizes = [column.size for column in columns]
        raise ValueError(f"arms: arrays of {sizes} entries, must be of one size, 1 or more")
