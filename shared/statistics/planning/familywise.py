"""How alpha is shared between the treatments that are compared with one control."""

import math
from enum import StrEnum
from functools import lru_cache

import numpy as np
from scipy import special

from shared.statistics.fixed import many_to_one


class Multiplicity(StrEnum):
    """Says how alpha is shared between comparisons; Holm, Hochberg and Benjamini-Hochberg need no more than Bonferroni.

    NONE leaves alpha as it is: of each comparison by itself. DUNNETT allows for the correlation that a shared control
    makes between treatments, and shares alpha between primary metrics as Bonferroni does.
    """

    NONE = "NONE"
    BONFERRONI = "BONFERRONI"
    DUNNETT = "DUNNETT"


@lru_cache(maxsize=256)
def comparison_alpha(
    shares: tuple[float, ...], *, alpha: float, two_sided: bool, rule: Multiplicity, primary_count: int = 1
) -> float:
    """Returns the error rate at which each comparison may be tested by itself.

    DUNNETT: P(|Z| > c) where P(any |Z_i| > c) = alpha, with correlations l_i l_j, l_i^2 = n_i / (n_i + n_0), of arms
    that vary alike (Dunnett 1955, with known variance).

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
    treatments = np.array(shares[1:])
    loadings = np.sqrt(treatments / (treatments + shares[0]))
    family = many_to_one.family_of(loadings, math.inf, two_sided=two_sided)
    bound = many_to_one.bound_of(alpha / primary_count, math.inf, family)
    return float((2 if two_sided else 1) * special.ndtr(-bound))
