"""How alpha is shared between the treatments that are compared with one control."""

import math
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(160)
_NORMAL_WEIGHTS: Final = _WEIGHTS / math.sqrt(2 * math.pi)


class Multiplicity(StrEnum):
    """Says how alpha is shared between comparisons; Holm, Hochberg and Benjamini-Hochberg need no more than Bonferroni.

    NONE leaves alpha as it is. DUNNETT allows for the correlation that a shared control makes between treatments, and
    shares alpha between primary metrics as Bonferroni does.
    """

    NONE = "NONE"
    BONFERRONI = "BONFERRONI"
    DUNNETT = "DUNNETT"


def comparison_alpha(
    shares: tuple[float, ...], *, alpha: float, two_sided: bool, rule: Multiplicity, primary_count: int = 1
) -> float:
    """Returns the error rate at which each comparison may be tested by itself.

    Args:
        shares: Of the arms, the control first.
        alpha: Of all comparisons together.
        two_sided: Whether both tails count.
        rule: How it is shared.
        primary_count: Metrics, each with all the treatments.
    """
    if rule is Multiplicity.NONE:
        return alpha
    if rule is Multiplicity.BONFERRONI or len(shares) == 2:
        return alpha / primary_count / (len(shares) - 1)
    return _dunnett_alpha(np.asarray(shares), alpha / primary_count, two_sided=two_sided)


def _dunnett_alpha(shares: NDArray[np.float64], alpha: float, *, two_sided: bool) -> float:
    """Returns P(|Z| > c) of one comparison where P(any |Z_i| > c) = alpha (Dunnett 1955, eq. 9, with known variance).

    Z_i = l_i X + sqrt(1 - l_i^2) Y_i, where X is the control's error and l_i^2 = n_i / (n_i + n_0).
    """
    load = np.sqrt(shares[1:] / (shares[1:] + shares[0]))
    rest = np.sqrt(1 - load**2)

    def excess(critical: float) -> float:
        inside = special.ndtr((critical - load * _NODES[:, None]) / rest)
        if two_sided:
            inside = inside - special.ndtr((-critical - load * _NODES[:, None]) / rest)
        return float(_NORMAL_WEIGHTS @ inside.prod(axis=1) - (1 - alpha))

    tails = 2 if two_sided else 1
    low, high = -special.ndtri(alpha / tails), -special.ndtri(alpha / tails / load.size)
    critical = optimize.brentq(excess, low, high, xtol=1e-13)
    return float(tails * special.ndtr(-critical))
