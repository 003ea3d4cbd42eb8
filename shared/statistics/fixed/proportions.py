"""Proportions at a fixed look by the score method: Miettinen and Nurminen's difference, Koopman's ratio.

Both intervals hold the effects that the score test with constrained maximum-likelihood estimates does not reject.
Without an effect the two tests are one, the pooled z, so that p-value, difference and lift give one verdict. Miettinen
and Nurminen 1985; Mee 1984; Koopman 1984.

The variance has Miettinen and Nurminen's factor N / (N - 1) throughout. It makes the pooled variance unbiased and the
test the "N - 1" chi-squared test, which keeps its level in smaller samples than the one without (Campbell 2007).
"""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.statistics.estimates.proportions import checked_successes
from shared.statistics.fixed import score_roots
from shared.statistics.fixed.count_comparison import ENOUGH_EVENTS, Found, comparison
from shared.statistics.fixed.difference import critical_value, p_value
from shared.statistics.result import checks
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity

Floats: TypeAlias = NDArray[np.float64]

SCORE: Final = Method(
    "score test, Miettinen and Nurminen's interval for the difference, Koopman's for the lift",
    Validity.FIXED_LOOK,
    (
        "units are independent of each other",
        "every unit has one outcome, success or not",
        "arms were randomised with weights that did not follow the data",
        "the data are looked at once, at a time that was set beforehand",
    ),
    "Miettinen and Nurminen 1985; Koopman 1984",
)

_NORMAL: Final = np.asarray(np.inf)


class _Sample(NamedTuple):
    successes: Floats
    size: Floats


def compare_proportions(
    *,
    treatment_successes: ArrayLike,
    treatment_count: ArrayLike,
    control_successes: ArrayLike,
    control_count: ArrayLike,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
) -> Comparison:
    """Returns the effects on proportions of successes; shapes broadcast.

    Arms without a success are fine: the difference has an interval even where neither has one, with p-value 1 (1/2
    one-sided). The standard error is that of the unpooled difference, sqrt(p_T q_T / n_T + p_C q_C / n_C).

    Raises:
        InvalidArgument: INVALID_FIELD: not whole numbers, more successes than units, alpha not in (0, 0.5), or shapes
            do not fit.
    """
    alpha = checks.alpha(alpha)
    treatment = checked_successes("treatment_successes", treatment_successes, "treatment_count", treatment_count)
    control = checked_successes("control_successes", control_successes, "control_count", control_count)
    checks.same_shape(treatment_successes=treatment[0], control_successes=control[0])
    x_t, n_t, x_c, n_c = np.broadcast_arrays(*treatment, *control)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = _found(_Sample(x_t, n_t), _Sample(x_c, n_c), alpha, alternative)
    return comparison(found, method=SCORE, alpha=alpha, alternative=alternative, enough=ENOUGH_EVENTS)


def _found(treatment: _Sample, control: _Sample, alpha: float, alternative: Alternative) -> Found:
    total, events = treatment.size + control.size, treatment.successes + control.successes
    factor = total / np.maximum(total - 1, 1)
    limit = critical_value(_NORMAL, alpha, alternative) ** 2 * factor
    p_t, p_c = treatment.successes / treatment.size, control.successes / control.size
    pooled_error = np.sqrt(events / total * (1 - events / total) * (1 / treatment.size + 1 / control.size) * factor)
    low_t, low_c = _lowest_difference(treatment, control, limit)
    high_c, high_t = _lowest_difference(control, treatment, limit)
    least_t, least_c = _lowest_ratio(treatment, control, limit)
    most_c, most_t = _lowest_ratio(control, treatment, limit)
    return Found(
        treatment=p_t,
        control=p_c,
        treatment_size=treatment.size,
        control_size=control.size,
        event_count=np.minimum(events, total - events),
        standard_error=np.sqrt(p_t * (1 - p_t) / treatment.size + p_c * (1 - p_c) / control.size),
        difference_low=low_t - low_c,
        difference_high=high_t - high_c,
        lift_low=(least_t - least_c) / least_c,
        lift_high=(most_t - most_c) / most_c,
        p_value=p_value(np.where(pooled_error == 0, 0.0, (p_t - p_c) / pooled_error), _NORMAL, alternative),
    )


def _lowest_difference(first: _Sample, second: _Sample, limit: Floats) -> tuple[Floats, Floats]:
    """Returns the constrained proportions where p_1 - p_2 is at its lower end."""
    return score_roots.solved(score_roots.difference_of_proportions, *first, *second, limit)


def _lowest_ratio(first: _Sample, second: _Sample, limit: Floats) -> tuple[Floats, Floats]:
    """Returns the constrained proportions where p_1 / p_2 is at its lower end."""
    (x1, n1), (x2, n2) = first, second
    near, far = score_roots.solved(score_roots.rational, 1 - x1 / n1, x1, 1 - x2 / n2, x2, limit)
    return 1 / (1 + n1 * near), 1 / (1 + n2 * far)
