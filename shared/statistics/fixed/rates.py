"""Rates of events for each unit of exposure at a fixed look, by the score method; counts are taken as Poisson.

With x events in exposure t, r the rates and pi the treatment's share of the expected events,

    pi = r_T t_T / (r_T t_T + r_C t_C),     r_T / r_C = (t_C / t_T) pi / (1 - pi)

and x_T is binomial given all events (Przyborowski and Wilenski 1940): Wilson's interval (1927) for pi gives the lift.
The difference's holds what the score test with constrained estimates does not reject (Miettinen and Nurminen 1985,
with the Poisson's variance). Both are the test of pi = t_T / (t_T + t_C) without an effect, so that p-value,
difference and lift give one verdict.

Events of one unit tend to come together; then this finds too much. Where squares by unit are known, `compare` of
`estimates.ratios.ratios` of (events, exposure) holds without Poisson's assumption.
"""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.statistics.estimates.rates import checked_events
from shared.statistics.fixed import score_roots
from shared.statistics.fixed.count_comparison import ENOUGH_EVENTS, Found, comparison
from shared.statistics.fixed.difference import critical_value, p_value
from shared.statistics.result import checks
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity

Floats: TypeAlias = NDArray[np.float64]

ASSUMPTIONS: Final = (
    "events are independent of each other, those of one unit, too (Poisson)",
    "arms were randomised with weights that did not follow the data",
    "the data are looked at once, at a time that was set beforehand",
)

SCORE: Final = Method(
    "score test of Poisson rates, Wilson's interval for the lift",
    Validity.FIXED_LOOK,
    ASSUMPTIONS,
    "Miettinen and Nurminen 1985; Wilson 1927",
)

_NORMAL: Final = np.asarray(np.inf)


class Counted(NamedTuple):
    """Holds the events of an arm and the exposure in which they were counted."""

    events: Floats
    exposure: Floats


def compare_rates(
    *,
    treatment_events: ArrayLike,
    treatment_exposure: ArrayLike,
    control_events: ArrayLike,
    control_exposure: ArrayLike,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
) -> Comparison:
    """Returns the effects on rates; shapes broadcast.

    Arms without an event are fine, as for proportions. The unit counts of the answer are the exposures.

    Args:
        treatment_events: Whole numbers.
        treatment_exposure: Units, or units times time, 0 or more; the rate is for each unit of it.
        control_events: As the treatment's.
        control_exposure: As the treatment's.
        alpha: 1 minus the confidence level.
        alternative: Which effects count.

    Raises:
        InvalidArgument: INVALID_FIELD: events that are not whole numbers, events without exposure, alpha not in
            (0, 0.5), or shapes do not fit.
    """
    alpha = checks.alpha(alpha)
    treatment, control = checked_arms(treatment_events, treatment_exposure, control_events, control_exposure)
    limit = critical_value(_NORMAL, alpha, alternative) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        low_t, low_c = _lowest_difference(treatment, control, limit)
        high_c, high_t = _lowest_difference(control, treatment, limit)
        found = found_rates(
            treatment,
            control,
            difference=(low_t - low_c, high_t - high_c),
            lift=(_lowest_ratio(treatment, control, limit) - 1, 1 / _lowest_ratio(control, treatment, limit) - 1),
            p_value=p_value(_score(treatment, control), _NORMAL, alternative),
        )
    return comparison(found, method=SCORE, alpha=alpha, alternative=alternative, enough=ENOUGH_EVENTS)


def checked_arms(
    treatment_events: ArrayLike, treatment_exposure: ArrayLike, control_events: ArrayLike, control_exposure: ArrayLike
) -> tuple[Counted, Counted]:
    """Returns treatment and control, all of one shape.

    Raises:
        InvalidArgument: INVALID_FIELD: as for `compare_rates`.
    """
    treatment = checked_events("treatment_events", treatment_events, "treatment_exposure", treatment_exposure)
    control = checked_events("control_events", control_events, "control_exposure", control_exposure)
    checks.same_shape(treatment_events=treatment[0], control_events=control[0])
    x_t, t_t, x_c, t_c = np.broadcast_arrays(*treatment, *control)
    return Counted(x_t, t_t), Counted(x_c, t_c)


def found_rates(
    treatment: Counted,
    control: Counted,
    *,
    difference: tuple[Floats, Floats],
    lift: tuple[Floats, Floats],
    p_value: Floats,
) -> Found:
    """Returns the rates of both arms with the two-sided ends that were found."""
    return Found(
        treatment=treatment.events / treatment.exposure,
        control=control.events / control.exposure,
        treatment_size=treatment.exposure,
        control_size=control.exposure,
        event_count=treatment.events + control.events,
        standard_error=np.sqrt(treatment.events / treatment.exposure**2 + control.events / control.exposure**2),
        difference_low=difference[0],
        difference_high=difference[1],
        lift_low=lift[0],
        lift_high=lift[1],
        p_value=p_value,
    )


def _score(treatment: Counted, control: Counted) -> Floats:
    """Returns the score statistic of no effect; 0 where there are no events."""
    rate = (treatment.events + control.events) / (treatment.exposure + control.exposure)
    error = np.sqrt(rate * (1 / treatment.exposure + 1 / control.exposure))
    difference = treatment.events / treatment.exposure - control.events / control.exposure
    return np.where(error == 0, 0.0, difference / error)


def _lowest_difference(first: Counted, second: Counted, limit: Floats) -> tuple[Floats, Floats]:
    """Returns the constrained rates where r_1 - r_2 is at its lower end."""
    (x1, t1), (x2, t2) = first, second
    near, far = score_roots.solved(score_roots.rational, x2 / t2, t2, x1 / t1, t1, limit)
    return t1 * far, t2 * near


def _lowest_ratio(first: Counted, second: Counted, limit: Floats) -> Floats:
    """Returns the lower end of r_1 / r_2: Wilson's ends in expected events, those of the first without cancellation."""
    (x1, t1), (x2, t2) = first, second
    total = x1 + x2
    root = np.sqrt(limit * (limit / 4 + x1 * x2 / total))
    least = x1**2 * (1 + limit / total) / (x1 + limit / 2 + root)
    return np.asarray((least / t1) / ((x2 + limit / 2 + root) / t2))
