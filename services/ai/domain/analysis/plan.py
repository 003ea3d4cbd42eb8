"""What was declared beforehand: sample, error rate, looks and duration; and how that lets data be judged."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.ai.domain.looking import LookingPolicy
from shared.errors import invalid_field
from shared.statistics.health.minimum_data import FEWEST_DAYS
from shared.statistics.result import checks

DEFAULT_OPTIMAL_UNIT_COUNT: Final = 20_000
"""Units at which any-time intervals are narrowest where no plan says so; set here, so that data have no say in it."""

LATEST_LOOK: Final = 1.25
"""Units over the planned ones from which on a look is not the planned one any more."""

LONGEST_DAYS: Final = 365
"""When an experiment ends in any case, where no plan says so."""


@dataclass(frozen=True, slots=True)
class PlannedSample:
    """Is the sample that was planned.

    Attributes:
        units_per_arm: 1 or more.
        relative_mde: The relative lift that it was planned for, above 0.

    Raises:
        InvalidArgument: INVALID_FIELD: a number is out of range.
    """

    units_per_arm: int
    relative_mde: float | None = None

    def __post_init__(self) -> None:
        if self.units_per_arm < 1:
            raise invalid_field("planned_sample.units_per_arm", f"{self.units_per_arm}, must be 1 or more")
        if self.relative_mde is not None:
            checks.positive("planned_sample.relative_mde", self.relative_mde)


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """Says how data are judged.

    With a planned sample and AT_END, nothing ships before the planned end; sequences that hold at any look tell of harm
    until then. At the end there is the look that was planned. Long after it, and in all other cases, everything rests
    on such sequences, as nothing tells how often somebody has looked already.

    Attributes:
        alpha: Error rate of the decision, in (0, 0.5).
        sample: None: nothing was planned.
        looking: When one may look.
        minimum_day_count: Days before which nothing ships.
        maximum_day_count: Days after which it ends in any case; None: not planned.
        expected_delay: How old the data of a running experiment may be; None: their age is not checked.

    Raises:
        InvalidArgument: INVALID_FIELD: a number is out of range.
    """

    alpha: float = 0.05
    sample: PlannedSample | None = None
    looking: LookingPolicy = LookingPolicy.AT_END
    minimum_day_count: int = FEWEST_DAYS
    maximum_day_count: int | None = None
    expected_delay: timedelta | None = timedelta(days=1)

    def __post_init__(self) -> None:
        checks.alpha(self.alpha)
        if self.maximum_day_count is not None and self.maximum_day_count < self.minimum_day_count:
            raise invalid_field(
                "maximum_day_count", f"{self.maximum_day_count}, must be {self.minimum_day_count} or more"
            )

    @property
    def ends_by_one_look(self) -> bool:
        """Says whether a treatment can ship at the planned end only."""
        return self.sample is not None and self.looking is LookingPolicy.AT_END

    def is_planned_look(self, unit_count: int, arm_count: int) -> bool:
        """Says whether so many units at the end are about those that were planned, or fewer."""
        return self.sample is not None and unit_count <= LATEST_LOOK * self.sample.units_per_arm * arm_count

    def optimal_unit_count(self, arm_count: int) -> float:
        """Returns the units of so many arms at which any-time intervals are narrowest."""
        return float(self.sample.units_per_arm * arm_count if self.sample else DEFAULT_OPTIMAL_UNIT_COUNT)
