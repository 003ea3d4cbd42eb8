"""From what a method for counts found to a comparison."""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.estimates.lift import one_sided
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method
from shared.statistics.result.obstacles import Caution, Obstacle

Floats: TypeAlias = NDArray[np.float64]

ENOUGH_EVENTS: Final = 10
"""In both arms together. With fewer, score intervals of 95 % cover as little as 94 % (a tenth of the units in one arm),
by enumeration of all outcomes."""


class Found(NamedTuple):
    """Holds what a method found, all of one shape; anything where an arm has no units.

    Attributes:
        treatment, control: Events for each unit of the size.
        treatment_size, control_size: Units or exposure.
        event_count: In both arms together, or those without an event where these are fewer.
        standard_error: Of the difference, at the unconstrained estimates: the intervals are not made of it.
        difference_low, difference_high, lift_low, lift_high: As if two-sided.
    """

    treatment: Floats
    control: Floats
    treatment_size: Floats
    control_size: Floats
    event_count: Floats
    standard_error: Floats
    difference_low: Floats
    difference_high: Floats
    lift_low: Floats
    lift_high: Floats
    p_value: Floats


def comparison(found: Found, *, method: Method, alpha: float, alternative: Alternative, enough: int) -> Comparison:
    """Returns the comparison; a control of 0 has a difference, but nothing can be put in relation to it.

    Args:
        found: What the method found.
        method: Its description.
        alpha: 1 minus the confidence level.
        alternative: Which effects count.
        enough: FEW_EVENTS where there are fewer.
    """
    empty = (found.treatment_size == 0) | (found.control_size == 0)
    obstacle = empty * np.int8(Obstacle.NO_UNITS)
    lift_obstacle = np.where(empty, obstacle, (found.control == 0) * np.int8(Obstacle.ZERO_CONTROL))
    difference = found.treatment - found.control
    with np.errstate(invalid="ignore", divide="ignore"):
        lift = np.where(lift_obstacle == 0, difference / found.control, np.nan)
    low, high, probability = (
        np.where(empty, np.nan, number) for number in (found.difference_low, found.difference_high, found.p_value)
    )
    lift_low, lift_high = (np.where(lift_obstacle == 0, end, np.nan) for end in (found.lift_low, found.lift_high))
    low, high = one_sided(low, high, alternative)
    lift_low, lift_high = one_sided(lift_low, lift_high, alternative)
    return Comparison(
        method=method,
        alternative=alternative,
        alpha=alpha,
        treatment=found.treatment,
        control=found.control,
        treatment_unit_count=found.treatment_size,
        control_unit_count=found.control_size,
        difference=difference,
        standard_error=found.standard_error,
        difference_low=low,
        difference_high=high,
        lift=lift,
        lift_low=lift_low,
        lift_high=lift_high,
        p_value=probability,
        obstacle=obstacle,
        lift_obstacle=lift_obstacle,
        caution=(found.event_count < enough) * np.int32(Caution.FEW_EVENTS),
    )
