"""What a health check found: one shape for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.statistics.result.obstacles import Obstacle


class Check(StrEnum):
    """Names a health check."""

    SAMPLE_RATIO = "SAMPLE_RATIO"
    SEQUENTIAL_SAMPLE_RATIO = "SEQUENTIAL_SAMPLE_RATIO"
    MULTIPLE_EXPOSURE = "MULTIPLE_EXPOSURE"
    OUTCOME_WITHOUT_EXPOSURE = "OUTCOME_WITHOUT_EXPOSURE"
    PRE_PERIOD_BALANCE = "PRE_PERIOD_BALANCE"
    FRESHNESS = "FRESHNESS"
    COMPLETENESS = "COMPLETENESS"
    MINIMUM_DATA = "MINIMUM_DATA"
    POWER = "POWER"
    SURPRISING_LIFT = "SURPRISING_LIFT"
    EFFECT_DRIFT = "EFFECT_DRIFT"


class Status(StrEnum):
    """Says how a check ended: FAIL means that results may not be believed, WARN that they are to be read with care."""

    PASS = "PASS"  # noqa: S105
    WARN = "WARN"
    FAIL = "FAIL"
    NOT_ESTIMABLE = "NOT_ESTIMABLE"


@dataclass(frozen=True, slots=True)
class Finding:
    """Is the answer of one check.

    Attributes:
        message: A sentence for people; it names the numbers.
        numbers: What the status follows from, by name; all finite.
        source: Where the check and its thresholds come from.
        obstacle: Why the check says nothing, where it is NOT_ESTIMABLE.
    """

    check: Check
    status: Status
    message: str
    numbers: Mapping[str, float]
    source: str
    obstacle: Obstacle = Obstacle.NONE


def not_estimable(check: Check, obstacle: Obstacle, numbers: Mapping[str, float], source: str) -> Finding:
    """Returns the finding of a check that the data cannot answer."""
    return Finding(check, Status.NOT_ESTIMABLE, f"not estimable because {obstacle.because}", numbers, source, obstacle)
