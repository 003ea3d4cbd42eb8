"""When a p-value is an alarm: one threshold that fails, one that warns, shared by a family of tests."""

from typing import Final

import numpy as np

from shared.errors import invalid_field
from shared.statistics.health.finding import Status
from shared.statistics.result import checks

ALPHA: Final = 0.001
"""Fabijan et al. 2019 use 0.0005; GrowthBook and Eppo 0.001: the check is run often, and its alarm stops everything."""

WARNING_ALPHA: Final = 0.01
"""Statsig's threshold for a first warning."""


def threshold_of(alpha: float, family_size: int) -> float:
    """Returns what each of `family_size` tests has of alpha (Bonferroni).

    Raises:
        InvalidArgument: INVALID_FIELD: alpha out of range, or a family that is not a whole number of 1 or more.
    """
    if checks.counts("family_size", family_size) < 1:
        raise invalid_field("family_size", f"{family_size}, must be 1 or more")
    return checks.alpha(alpha) / family_size


def status_of(log_p_value: float, alpha: float, family_size: int) -> Status:
    """Returns FAIL below alpha, WARN below 0.01, both shared by the family, else PASS."""
    adjusted = log_p_value + np.log(family_size)
    if adjusted < np.log(alpha):
        return Status.FAIL
    return Status.WARN if adjusted < np.log(max(alpha, WARNING_ALPHA)) else Status.PASS
