"""Events for each unit of exposure, counts taken as Poisson."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.proportions import few_events
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Obstacle

Floats = NDArray[np.float64]


def rates(events: ArrayLike, exposure: ArrayLike) -> ArmEstimates:
    """Returns the rates x / t with variance x / t^2, taken as normal (Wald); the unit counts are the exposures.

    The variance is Poisson's: events of one unit that come together make it too small. `estimates.ratios.ratios` of the
    moments of (events, exposure) by unit does without. A fixed look is better served by `fixed.rates.compare_rates`.

    Args:
        events: Whole numbers, shape S.
        exposure: Units, or units times time, 0 or more, shape S.

    Raises:
        InvalidArgument: INVALID_FIELD: events that are not whole numbers, or events without exposure.
    """
    counted, exposed = checked_events("events", events, "exposure", exposure)
    with np.errstate(invalid="ignore"):
        rate = counted / exposed
    obstacle = np.where(counted == 0, np.int8(Obstacle.NO_EVENTS), np.int8(Obstacle.NONE))
    return ArmEstimates(
        value=rate,
        variance=np.where(exposed > 0, rate / np.where(exposed > 0, exposed, 1.0), 0.0),
        common_variance=np.zeros(exposed.shape),
        degrees_of_freedom=np.full(exposed.shape, np.inf),
        unit_count=exposed,
        obstacle=np.where(exposed == 0, np.int8(Obstacle.NO_UNITS), obstacle),
        caution=few_events(counted),
    )


def checked_events(
    events_name: str, events: ArrayLike, exposure_name: str, exposure: ArrayLike
) -> tuple[Floats, Floats]:
    """Returns events and exposures of one shape.

    Raises:
        InvalidArgument: INVALID_FIELD: events that are not whole numbers, or events without exposure.
    """
    counted, exposed = checks.counts(events_name, events), checks.not_negative(exposure_name, exposure)
    checks.same_shape(**{events_name: counted, exposure_name: exposed})
    counted, exposed = np.broadcast_arrays(counted, exposed)
    if (counted[exposed == 0] > 0).any():
        raise invalid_field(events_name, "events without exposure")
    return counted, exposed
