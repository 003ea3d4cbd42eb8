"""All outcomes of two arms with their probabilities, and the coverage over them."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from shared.statistics.estimates.proportions import proportions
from shared.statistics.fixed.difference import compare
from shared.statistics.fixed.proportions import compare_proportions
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative
from tests.shared.statistics.fixed.proportions.tables import Floats


def outcomes(count: int, share: float) -> tuple[NDArray[np.int64], Floats]:
    """Returns the numbers of successes that are possible but for 1e-12, and their probabilities."""
    successes = np.arange(int(stats.binom.ppf(1e-12, count, share)), int(stats.binom.isf(1e-12, count, share)) + 1)
    return successes, stats.binom.pmf(successes, count, share)


def enumerated(
    n_t: int, p_t: float, n_c: int, p_c: float, *, alternative: Alternative = Alternative.TWO_SIDED, wald: bool = False
) -> tuple[Comparison, Floats]:
    """Returns the comparisons of all outcomes with their probabilities."""
    (x_t, w_t), (x_c, w_c) = outcomes(n_t, p_t), outcomes(n_c, p_c)
    if wald:
        pair = proportions(x_t[:, None], n_t), proportions(x_c, n_c)
        return compare(*pair, alternative=alternative), w_t[:, None] * w_c
    found = compare_proportions(
        treatment_successes=x_t[:, None],
        treatment_count=n_t,
        control_successes=x_c,
        control_count=n_c,
        alternative=alternative,
    )
    return found, w_t[:, None] * w_c


def coverage(found: Comparison, weights: Floats, difference: float) -> float:
    holds = (found.difference_low <= difference) & (difference <= found.difference_high)
    return float(weights[holds].sum() / weights.sum())


def least_coverage(n_t: int, n_c: int) -> float:
    """Returns what an interval of 95 % has to cover: counts are few values, between which it has to jump.

    With 50 units at 1/2, the difference of two counts at the quantile, 10, has a probability of 2.2 %.
    """
    return 0.94 if min(n_t, n_c) < 100 else 0.948


# Units of both arms, control's proportion, ratio: small and large, extreme, unequal, null and alternative.
SETTINGS = [
    (n_t, n_c, share, ratio)
    for n_t, n_c in ((50, 50), (2_000, 2_000), (20_000, 2_000), (2_000, 20_000))
    for share in (0.001, 0.01, 0.2, 0.5)
    for ratio in (1.0, 1.5)
    if share * min(n_t, n_c) >= 2
]
