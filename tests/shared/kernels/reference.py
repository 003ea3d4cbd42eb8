"""Slow and obvious: which arm is best by adaptive quadrature over SciPy's distribution functions, one arm at a time."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, special

Floats: TypeAlias = NDArray[np.float64]
Integrand: TypeAlias = Callable[[float], tuple[Floats, Floats, Floats, float]]


def beta_best_arm(alpha: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """Returns probabilities of being largest and expected losses, by integration over logit(theta)."""

    def at(x: float) -> tuple[Floats, Floats, Floats, float]:
        share, rest = special.expit(x), special.expit(-x)
        rise = special.log_expit(x) - special.log_expit(mode)
        fall = special.log_expit(-x) - special.log_expit(-mode)
        if x < 0:
            below, above = special.betainc(alpha, beta, share), special.betaincc(alpha, beta, share)
        else:
            below, above = special.betaincc(beta, alpha, rest), special.betainc(beta, alpha, rest)
        return np.exp(alpha * rise + beta * fall), below, above, share * rest

    mode = np.log(alpha) - np.log(beta)
    width = np.sqrt(1 / alpha + 1 / beta)
    low, high = float((mode - 40 / alpha - 12 * width - 5).min()), float((mode + 40 / beta + 12 * width + 5).max())
    peaks = np.concatenate([mode + reach * width for reach in (-9, -3, 0, 3, 9)])
    return _integrated(at, low, high, points=peaks)


def student_best_arm(location: Floats, scale: Floats, freedom: Floats) -> tuple[Floats, Floats]:
    """Returns the same for Student arms, by integration over u where x = first location + largest scale x sinh(u)."""

    def at(u: float) -> tuple[Floats, Floats, Floats, float]:
        deviation = (origin + unit * np.sinh(u) - location) / scale
        density = np.exp(-(freedom + 1) / 2 * np.log1p(deviation**2 / freedom)) * unit * np.cosh(u) / scale
        below, above = special.stdtr(freedom, deviation), special.stdtr(freedom, -deviation)
        return density, below, above, float(unit * np.cosh(u))

    origin, unit = float(location[0]), float(scale.max())
    reach = 12 + 40 / max(0.5, float(freedom.min()) - 1)
    peaks = np.concatenate([location + step * scale for step in (-9, -3, 0, 3, 9)])
    return _integrated(at, -reach, reach, points=np.arcsinh((peaks - origin) / unit))


def gamma_best_arm(shape: Floats, rate: Floats, *, smallest_is_best: bool = False) -> tuple[Floats, Floats]:
    """Returns the same for Gamma arms, largest or smallest, by integration over log(theta)."""

    def at(x: float) -> tuple[Floats, Floats, Floats, float]:
        below, above = special.gammainc(shape, rate * np.exp(x)), special.gammaincc(shape, rate * np.exp(x))
        density = np.exp(shape * (x - mode - np.expm1(x - mode)))
        return (density, above, below, np.exp(x)) if smallest_is_best else (density, below, above, np.exp(x))

    mode = np.log(shape) - np.log(rate)
    width = 1 / np.sqrt(shape)
    low, high = float((mode - 40 / shape - 12 * width).min()), float((mode + np.log1p(40 / shape + 12 * width)).max())
    peaks = np.concatenate([mode + reach * width for reach in (-9, -3, 0, 3, 9)])
    return _integrated(at, low, high, points=peaks)


def _integrated(at: Integrand, low: float, high: float, *, points: Floats) -> tuple[Floats, Floats]:
    def integrand(x: float) -> Floats:
        density, below, above, stretch = at(x)
        others = [[other for other in range(density.size) if other != arm] for arm in range(density.size)]
        best = [density[arm] * np.prod(below[rest]) for arm, rest in enumerate(others)]
        worse = [below[arm] * _any(above[rest]) * stretch for arm, rest in enumerate(others)]
        return np.concatenate([density, best, worse])

    inside = [float(point) for point in np.unique(points) if low < point < high]
    # Loose absolute errors would let narrow or small densities pass unseen.
    result, _ = integrate.quad_vec(integrand, low, high, points=inside, epsabs=0, epsrel=1e-11, limit=4000, norm="max")
    total, best, worse = np.split(result, 3)
    return best / total, worse


def _any(chances: Sequence[float] | Floats) -> float:
    """Returns the probability of at least one of independent events, precise where all are unlikely."""
    together = 0.0
    for chance in chances:
        together += chance * (1 - together)
    return together
