"""Tail probabilities as logarithms, which never underflow: what `1 - cdf` calls 0 may be 1e-20 or 1e-2000."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

_TINY: Final = 1e-280
"""Below it the logarithm of the plain probability loses digits, then everything."""

_TERMS: Final = 60
"""Of the continued fraction: relative error below 1e-12 wherever the tail is below `_TINY` (see the tests)."""


def log_chi_square_tail(statistic: Floats, degrees_of_freedom: Floats) -> Floats:
    """Returns log P(X > statistic); -inf at a statistic of inf."""
    a, x = np.broadcast_arrays(degrees_of_freedom / 2, statistic / 2)
    tail = special.gammaincc(a, x)
    far = (tail < _TINY) & np.isfinite(x)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(far, _log_gamma_tail(a, np.where(far, x, a + 1)), np.log(tail)))


def log_binomial_tails(count: Floats, total: Floats, share: Floats) -> Floats:
    """Returns log of twice the smaller tail P(X <= count), P(X >= count), at most 0; X is binomial(total, share).

    Far out the tail is its first term times a geometric series, which is an upper bound and exact to first order.
    """
    n, k = np.broadcast_arrays(total, count)
    low = np.where(k < n, special.betaincc(k + 1, np.maximum(n - k, 1), share), 1.0)
    high = np.where(k > 0, special.betainc(np.maximum(k, 1), n - k + 1, share), 1.0)
    tail = np.minimum(low, high)
    with np.errstate(divide="ignore"):
        log_tail = np.where(tail < _TINY, _log_first_terms(k, n, share), np.log(tail))
    return np.asarray(np.minimum(np.log(2) + log_tail, 0.0))


def _log_gamma_tail(a: Floats, x: Floats) -> Floats:
    """Returns log of the regularised upper incomplete gamma function by Legendre's fraction (DLMF 8.9.2), x > a."""
    fraction = np.zeros_like(x)
    for term in range(_TERMS, 0, -1):
        fraction = term * (term - a) / (x + 2 * term + 1 - a - fraction)
    return np.asarray(a * np.log(x) - x - special.gammaln(a) - np.log(x + 1 - a - fraction))


def _log_first_terms(count: Floats, total: Floats, share: Floats) -> Floats:
    """Returns log of P(X = count) / (1 - r), r the ratio of the next term outwards to this one."""
    rest = total - count
    log_mass = (
        special.gammaln(total + 1)
        - special.gammaln(count + 1)
        - special.gammaln(rest + 1)
        + special.xlogy(count, share)
        + special.xlog1py(rest, -share)
    )
    odds = share / (1 - share)
    outwards = np.where(count > total * share, rest * odds / (count + 1), count / odds / (rest + 1))
    return np.asarray(log_mass - np.log1p(-np.minimum(outwards, 0.5)))
