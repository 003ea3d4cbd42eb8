"""Rates of events at a fixed look by the exact conditional test; for few events, where it errs on the safe side.

Given all N events, the treatment's are binomial with the share pi of `fixed.rates`. The two-sided p-value is twice the
smaller tail (Przyborowski and Wilenski 1940), the lift's interval Clopper and Pearson's for pi (1934): the two are one
test. With Lambda the expected number of all events, the difference is

    Lambda d(pi),     d(pi) = pi / t_T - (1 - pi) / t_C

Its interval takes pi from Clopper and Pearson and Lambda from Garwood (1936), each at alpha. Its sign is that of d(pi),
whatever Lambda, so that its verdict is the test's.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shared.statistics.fixed.count_comparison import comparison
from shared.statistics.fixed.rates import ASSUMPTIONS, Counted, checked_arms, found_rates
from shared.statistics.result import checks
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity

Floats: TypeAlias = NDArray[np.float64]

EXACT: Final = Method(
    "conditional test of Poisson rates, Clopper and Pearson's interval for the lift",
    Validity.FIXED_LOOK,
    ASSUMPTIONS,
    "Przyborowski and Wilenski 1940; Clopper and Pearson 1934; Garwood 1936",
)


def compare_rates_exactly(
    *,
    treatment_events: ArrayLike,
    treatment_exposure: ArrayLike,
    control_events: ArrayLike,
    control_exposure: ArrayLike,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
) -> Comparison:
    """Returns the effects on rates; arguments and errors are those of `fixed.rates.compare_rates`.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    alpha = checks.alpha(alpha)
    treatment, control = checked_arms(treatment_events, treatment_exposure, control_events, control_exposure)
    tail = alpha / 2 if alternative is Alternative.TWO_SIDED else alpha
    with np.errstate(invalid="ignore", divide="ignore"):
        low_t, low_c = _least_share(treatment.events, control.events, tail)
        high_c, high_t = _least_share(control.events, treatment.events, tail)
        found = found_rates(
            treatment,
            control,
            difference=_difference(treatment, control, (low_t, low_c), (high_t, high_c), tail),
            lift=(
                low_t / low_c * control.exposure / treatment.exposure - 1,
                high_t / high_c * control.exposure / treatment.exposure - 1,
            ),
            p_value=_p_value(treatment, control, alternative),
        )
    return comparison(found, method=EXACT, alpha=alpha, alternative=alternative, enough=0)


def _least_share(first: Floats, second: Floats, tail: float) -> tuple[Floats, Floats]:
    """Returns the lower end of the first count's share of both, and 1 minus it."""
    share = np.where(first == 0, 0.0, special.betaincinv(first, second + 1, tail))
    other = np.where(first == 0, 1.0, special.betainccinv(second + 1, first, tail))
    return share, other


def _difference(
    treatment: Counted,
    control: Counted,
    low: tuple[Floats, Floats],
    high: tuple[Floats, Floats],
    tail: float,
) -> tuple[Floats, Floats]:
    total = treatment.events + control.events
    least = np.where(total == 0, 0.0, special.gammaincinv(total, tail))
    most = special.gammainccinv(total + 1, tail)
    lowest, highest = (share / treatment.exposure - other / control.exposure for share, other in (low, high))
    return lowest * np.where(lowest > 0, least, most), highest * np.where(highest > 0, most, least)


def _p_value(treatment: Counted, control: Counted, alternative: Alternative) -> Floats:
    whole = treatment.exposure + control.exposure
    more = _tail(treatment.events, control.events, treatment.exposure / whole)
    less = _tail(control.events, treatment.events, control.exposure / whole)
    if alternative is Alternative.TWO_SIDED:
        return np.asarray(np.minimum(1.0, 2 * np.minimum(more, less)))
    return more if alternative is Alternative.GREATER else less


def _tail(first: Floats, second: Floats, share: Floats) -> Floats:
    """Returns the probability of at least as many among both events, each with that share."""
    return np.asarray(np.where(first == 0, 1.0, special.betainc(first, second + 1, share)))
