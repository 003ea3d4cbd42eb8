"""Treatment against control on bandit data, at any time: an asymptotic confidence sequence.

The sum of h (G(treatment) - G(control) - effect) is a martingale. With h = (1 / e(treatment) + 1 / e(control))^(-1/2)
its variance grows evenly with the number n of units, by v each, so that in units of sqrt(v) its time is n and the
normal mixture's boundary u applies:

    difference +- u(n) / sqrt(n) standard errors,        standard error = sqrt(n v) / sum h

(Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, theorem 2.5 for martingales; v is estimated). Fieller's interval
of the lift reaches as many standard errors, so that its verdict is the same.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.statistics.adaptive.aipw import Pair, pair
from shared.statistics.adaptive.batches import Batches
from shared.statistics.adaptive.weighted_means import FEW_EFFECTIVE_UNITS
from shared.statistics.estimates.contrast import contrast
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.result.obstacles import Caution
from shared.statistics.sequential import normal_mixture

Flags: TypeAlias = NDArray[np.int32]

AW_AIPW_SEQUENCE: Final = Method(
    "confidence sequence of the adaptively weighted AIPW difference",
    Validity.ADAPTIVE_ANY_TIME,
    (
        "units were allocated with the logged propensities, which followed earlier units only",
        "the effect is the same at all times, or its weighted average is what is asked for",
        "many units: the sequence is asymptotic",
    ),
    "Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024; Hadad et al. 2021; Fieller 1954",
)


def compare_any_time(
    batches: Batches,
    *,
    treatment: ArrayLike,
    control: ArrayLike = 0,
    optimal_unit_count: float,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
) -> Comparison:
    """Returns the effects of C treatments as they were known after each batch, shape L + (B, C).

    All of them hold together, with probability 1 - alpha, so that the data may be looked at whenever one likes.

    Args:
        batches: B policy versions of K arms.
        treatment: Indexes of arms, one or C.
        control: Likewise; one of them serves all treatments.
        optimal_unit_count: Units of all arms at which intervals are to be narrowest. It has to be set before the data
            are seen and never decides whether the answer holds.
        alpha: 1 minus the confidence level.
        alternative: Which effects count.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    found = pair(batches, treatment, control)
    precision = normal_mixture.precision_for(optimal_unit_count, alpha=alpha, alternative=alternative)
    time = np.where(found.unit_count > 0, found.unit_count, np.nan)
    both = contrast(found.treatment, found.control)
    return both.comparison(
        quantile=normal_mixture.radius(time, precision=precision, alpha=alpha, alternative=alternative) / np.sqrt(time),
        p_value=normal_mixture.p_value(
            both.statistic * np.sqrt(time), time, precision=precision, alternative=alternative
        ),
        alpha=alpha,
        alternative=alternative,
        method=AW_AIPW_SEQUENCE,
        caution=_burn_in(found),
    )


def _burn_in(found: Pair) -> Flags:
    freedom = np.minimum(found.treatment.degrees_of_freedom, found.control.degrees_of_freedom)
    return np.asarray(np.where(freedom < FEW_EFFECTIVE_UNITS, Caution.BEFORE_BURN_IN, 0), dtype=np.int32)
