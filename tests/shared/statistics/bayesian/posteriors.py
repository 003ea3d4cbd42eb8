"""Random posteriors for tests, and slow, obvious distribution functions of what they make together."""

import itertools
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats

from shared.statistics.bayesian.means import StudentPosterior
from shared.statistics.bayesian.posterior import Posterior
from shared.statistics.bayesian.proportions import BetaPosterior
from shared.statistics.bayesian.rates import GammaPosterior

Floats = NDArray[np.float64]

_TAILS = np.array([1e-13, 1e-10, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.5])


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log10(low), np.log10(high)).map(lambda exponent: float(10.0**exponent))


def beta(alpha: Sequence[float], beta: Sequence[float]) -> BetaPosterior:
    return BetaPosterior(*_header(len(alpha)), np.array(alpha, float), np.array(beta, float))


def gamma(alpha: Sequence[float], beta: Sequence[float]) -> GammaPosterior:
    return GammaPosterior(*_header(len(alpha)), np.array(alpha, float), np.array(beta, float))


def student(location: Sequence[float], scale: Sequence[float], freedom: Sequence[float]) -> StudentPosterior:
    columns = (np.array(column, float) for column in (location, scale, freedom))
    return StudentPosterior(*_header(len(location)), *columns)


def columns(*entries: st.SearchStrategy[float]) -> st.SearchStrategy[list[tuple[float, ...]]]:
    """Returns parameters of two arms, a tuple for each parameter."""
    return st.tuples(st.tuples(*entries), st.tuples(*entries)).map(lambda arms: list(zip(*arms, strict=True)))


two_betas = columns(powers(1, 1e4), powers(1, 1e4)).map(lambda arms: beta(*arms))
two_gammas = columns(powers(1, 1e5), powers(0.1, 10)).map(lambda arms: gamma(*arms))
two_students = columns(st.floats(-2, 2), powers(0.01, 1), powers(2.01, 1e5)).map(lambda arms: student(*arms))
two_arms: st.SearchStrategy[Posterior] = st.one_of(two_betas, two_gammas, two_students)


def chance(posterior: Posterior, slope: float, offset: float) -> float:
    """Returns P(second <= slope first + offset) for a posterior of two arms, by adaptive quadrature over the first."""
    first, second = (frozen(posterior, arm) for arm in (0, 1))
    shares = np.concatenate([_TAILS, 1 - _TAILS])
    places = np.concatenate([first.ppf(shares), (second.ppf(shares) - offset) / slope])
    low, high = first.ppf(1e-13), first.ppf(1 - 1e-13)
    edges = np.unique(np.clip(places[np.isfinite(places)], low, high))

    def integrand(place: Floats) -> Floats:
        return np.asarray(first.pdf(place) * second.cdf(slope * place + offset))

    pairs = itertools.pairwise(edges)
    return float(sum(integrate.fixed_quad(integrand, *pair, n=40)[0] for pair in pairs))


def frozen(posterior: Posterior, arm: int) -> stats.rv_continuous:
    """Returns one arm's distribution, as SciPy knows it."""
    parameters = [float(column[arm]) for column in posterior.parameters]
    if isinstance(posterior, BetaPosterior):
        return stats.beta(*parameters)
    if isinstance(posterior, GammaPosterior):
        return stats.gamma(parameters[0], scale=1 / parameters[1])
    return stats.t(parameters[2], loc=parameters[0], scale=parameters[1])


def _header(size: int) -> tuple[Floats, NDArray[np.int8], NDArray[np.int32]]:
    return np.full(size, 100.0), np.zeros(size, np.int8), np.zeros(size, np.int32)
