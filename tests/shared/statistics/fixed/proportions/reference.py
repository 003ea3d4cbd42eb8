"""Score statistics by brute force, and statsmodels' test under a name that is not collected."""

import numpy as np
from scipy import optimize
from statsmodels.stats.proportion import test_proportions_2indep

from tests.shared.statistics.fixed.proportions.tables import Table

statsmodels_test = test_proportions_2indep
statsmodels_test.__test__ = False  # Lest pytest collects it.


def chi_squared_of_difference(table: Table, difference: float) -> float:
    """Returns the squared score statistic; the constrained proportions maximise the likelihood by bracketing."""
    x_t, n_t, x_c, n_c = table

    def slope(p: float) -> float:
        def part(x: int, n: int, q: float) -> float:
            return (x - n * q) / (q * (1 - q))

        return part(x_c, n_c, p) + part(x_t, n_t, p + difference)

    low, high = max(0.0, -difference), min(1.0, 1 - difference)
    nudge = 1e-13 * (high - low)
    if slope(low + nudge) <= 0:
        p = low
    elif slope(high - nudge) >= 0:
        p = high
    else:
        p = float(optimize.brentq(slope, low + nudge, high - nudge, xtol=1e-16))
    q = p + difference
    variance = (q * (1 - q) / n_t + p * (1 - p) / n_c) * (n_t + n_c) / (n_t + n_c - 1)
    return float((x_t / n_t - x_c / n_c - difference) ** 2 / variance)


def chi_squared_of_ratio(x_t: int, n_t: int, x_c: int, n_c: int, ratio: float) -> float:
    """Returns the squared score statistic of a ratio; the likelihood is maximised over a fine grid, then refined."""

    def loss(p: float) -> float:
        q = min(p * ratio, 1.0)
        with np.errstate(divide="ignore"):
            parts = ((x_t, q), (n_t - x_t, 1 - q), (x_c, p), (n_c - x_c, 1 - p))
            return -sum(count * float(np.log(share)) for count, share in parts if count)

    bound = min(1.0, 1 / ratio)
    p = optimize.minimize_scalar(loss, bounds=(1e-9, bound), method="bounded", options={"xatol": 1e-14}).x
    p = min((float(p), bound), key=loss)
    q = p * ratio
    variance = (q * (1 - q) / n_t + ratio**2 * p * (1 - p) / n_c) * (n_t + n_c) / (n_t + n_c - 1)
    return float((x_t / n_t - ratio * x_c / n_c) ** 2 / variance)
