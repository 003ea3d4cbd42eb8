"""The declared decision rule, as data: what must hold before a treatment ships, and when the experiment ends."""

import math
from dataclasses import dataclass
from enum import StrEnum

from shared.errors import invalid_field


class Goal(StrEnum):
    """Says what is to be shown of the primary metric."""

    SUPERIORITY = "SUPERIORITY"
    NON_INFERIORITY = "NON_INFERIORITY"


class GuardrailNeed(StrEnum):
    """Says what guardrails must be: shown to be no worse than their margin, or merely not shown to be worse."""

    SHOWN = "SHOWN"
    NOT_VIOLATED = "NOT_VIOLATED"


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """Is declared before the experiment starts and never changes after.

    Attributes:
        planned_unit_count: Units in all arms that the plan's power needs.
        maximum_day_count: Days after which the experiment ends in any case.
        minimum_day_count: Days before which nothing ships or is given up; harm is acted on at once.
        margin: Of non-inferiority, above 0, in the unit of the primary's effect; 0 for superiority.
        early_stop: Whether a result that is valid before the planned end may end the experiment.
        harm_within_margin_tolerated: Whether a metric may ship that is shown to be worse, yet by less than its margin.
        indifference: Effects smaller than this do not matter to anybody; in the unit of the primary's effect.

    Raises:
        InvalidArgument: INVALID_FIELD: a number is out of range, or a margin does not fit the goal.
    """

    planned_unit_count: int
    maximum_day_count: int
    minimum_day_count: int = 7
    goal: Goal = Goal.SUPERIORITY
    margin: float = 0.0
    guardrails: GuardrailNeed = GuardrailNeed.SHOWN
    early_stop: bool = True
    harm_within_margin_tolerated: bool = False
    indifference: float | None = None

    def __post_init__(self) -> None:
        if self.planned_unit_count < 1:
            raise invalid_field("planned_unit_count", f"{self.planned_unit_count}, must be 1 or more")
        if not 0 <= self.minimum_day_count <= self.maximum_day_count:
            raise invalid_field("minimum_day_count", f"{self.minimum_day_count}, must be in [0, maximum_day_count]")
        if not (math.isfinite(self.margin) and (self.margin > 0) == (self.goal is Goal.NON_INFERIORITY)):
            raise invalid_field("margin", f"{self.margin}, must be above 0 for non-inferiority and 0 for superiority")
        if self.indifference is not None and not (math.isfinite(self.indifference) and self.indifference > 0):
            raise invalid_field("indifference", f"{self.indifference}, must be above 0")


@dataclass(frozen=True, slots=True)
class Progress:
    """Is how far the experiment has come.

    Attributes:
        day_count: Days since the first exposure.
        unit_count: Units in all arms.
        daily_unit_count: New units a day of late; None where it is not known.
        at_planned_look: Whether now is one of the looks that a group-sequential plan has.
        adaptive: Whether the weights followed the data.

    Raises:
        InvalidArgument: INVALID_FIELD: a number is negative or not finite.
    """

    day_count: float
    unit_count: int
    daily_unit_count: float | None = None
    at_planned_look: bool = False
    adaptive: bool = False

    def __post_init__(self) -> None:
        for name in ("day_count", "unit_count", "daily_unit_count"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise invalid_field(name, f"{value}, must be finite and 0 or more")


@dataclass(frozen=True, slots=True)
class Needed:
    """Is what a more telling verdict still needs; days are None where the traffic is not known or there is none."""

    unit_count: int
    day_count: int | None


def has_ended(rule: DecisionRule, progress: Progress) -> bool:
    """Says whether the planned units are there after the shortest run time, or the longest run time is over."""
    enough = progress.unit_count >= rule.planned_unit_count and progress.day_count >= rule.minimum_day_count
    return enough or progress.day_count >= rule.maximum_day_count


def needed(rule: DecisionRule, progress: Progress) -> Needed:
    """Returns the units to the planned number, and the days that they and the shortest run time take."""
    units = max(rule.planned_unit_count - progress.unit_count, 0)
    rest = max(math.ceil(rule.minimum_day_count - progress.day_count), 0)
    if not units:
        return Needed(0, rest)
    return Needed(units, max(rest, math.ceil(units / progress.daily_unit_count)) if progress.daily_unit_count else None)
