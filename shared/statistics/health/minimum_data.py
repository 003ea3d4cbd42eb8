"""Minimum data and power: is there enough to speak at all, and enough to find what was planned for?"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from shared.errors import invalid_field
from shared.statistics.health.finding import Check, Finding, Status
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Obstacle

FEWEST_UNITS: Final = 100
"""Units an arm; GrowthBook wants as many before it changes a bandit's weights."""

FEWEST_CONVERSIONS: Final = 100
"""Conversions an arm for a proportion (GrowthBook's default for metrics)."""

FEWEST_DAYS: Final = 7
"""A week, so that every weekday is in (design rule D03)."""

SKEWNESS_FACTOR: Final = 355
"""Units an arm for each unit of squared skewness (Kohavi et al. 2014, rule 7)."""

SPECULATIVE: Final = 0.5
"""Share of the planned units below which results are guesses."""

_SOURCE: Final = "GrowthBook's defaults; Kohavi et al. 2014, rule 7; a whole week"


def minimum_data(
    unit_counts: ArrayLike,
    day_count: int,
    *,
    conversion_counts: ArrayLike | None = None,
    skewness: float | None = None,
) -> Finding:
    """Returns whether there are enough units, conversions and days; NOT_ESTIMABLE where there are not.

    Args:
        unit_counts: Of each arm, shape (K,).
        day_count: Whole days since the first exposure.
        conversion_counts: Of each arm, where the metric is a proportion.
        skewness: Of the values, where the metric is a mean.

    Raises:
        InvalidArgument: INVALID_FIELD: not whole numbers, no arms, or a skewness that is not finite.
    """
    units = checks.counts("unit_counts", unit_counts)
    if units.ndim != 1 or not units.size:
        raise invalid_field("unit_counts", f"shape {units.shape}, must be (arms,)")
    needed = float(FEWEST_UNITS)
    if skewness is not None:
        needed = max(needed, float(np.ceil(SKEWNESS_FACTOR * checks.finite("skewness", skewness) ** 2)))
    parts = [
        ("unit_count", float(units.min()), needed, "units in the smallest arm"),
        ("day_count", float(checks.counts("day_count", day_count)), float(FEWEST_DAYS), "days"),
    ]
    if conversion_counts is not None:
        conversions = checks.counts("conversion_counts", conversion_counts)
        if conversions.shape != units.shape or (conversions > units).any():
            raise invalid_field("conversion_counts", "must be one of each arm, and no more than its units")
        fewest = float(conversions.min())
        parts.append(("conversion_count", fewest, float(FEWEST_CONVERSIONS), "conversions in the arm with fewest"))
    numbers = {name: found for name, found, _, _ in parts} | {f"needed_{name}": least for name, _, least, _ in parts}
    enough = all(found >= least for _, found, least, _ in parts)
    message = ", ".join(f"{found:.0f} of {least:.0f} {words}" for _, found, least, words in parts)
    if enough:
        return Finding(Check.MINIMUM_DATA, Status.PASS, message, numbers, _SOURCE)
    return Finding(
        Check.MINIMUM_DATA, Status.NOT_ESTIMABLE, f"too early: {message}", numbers, _SOURCE, Obstacle.TOO_FEW_UNITS
    )


def power_reached(unit_count: int, planned_unit_count: int) -> Finding:
    """Returns whether the experiment has the units that its plan asks for: WARN until then.

    Raises:
        InvalidArgument: INVALID_FIELD: not whole numbers, or nothing planned.
    """
    found = float(checks.counts("unit_count", unit_count))
    planned = float(checks.positive("planned_unit_count", planned_unit_count))
    share = found / planned
    words = "enough" if share >= 1 else "not enough" if share >= SPECULATIVE else "speculative"
    return Finding(
        Check.POWER,
        Status.PASS if share >= 1 else Status.WARN,
        f"{found:.0f} of {planned:.0f} planned units ({share:.0%}): {words}",
        {"unit_count": found, "planned_unit_count": planned, "share": share},
        "the experiment's plan; below one half results are called speculative",
    )
