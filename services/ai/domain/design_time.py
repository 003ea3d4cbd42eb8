"""How long it takes from an idea to a ready design, beside a model of the way by hand.

The model is a model: its steps are those of the literature, its minutes are our own estimate for one experienced person
who is not interrupted. Nobody has measured them. What is measured runs by the clock, from the request of the design to
the creation of its experiment: it has all the waiting for people in it, and the model has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final


@dataclass(frozen=True, slots=True)
class ManualStep:
    """Is a step of the way by hand, and who says that it belongs to it."""

    name: str
    minutes: int
    source: str


MANUAL_STEPS: Final = (
    ManualStep(
        "look for earlier experiments on the same idea", 30, "Kohavi, Tang and Xu 2020, chapter 8: institutional memory"
    ),
    ManualStep(
        "write the hypothesis down so that it can be refuted",
        20,
        "Fabijan et al. 2019, Three key checklists: that of the design",
    ),
    ManualStep(
        "fetch baselines, variation and traffic from the data", 30, "Kohavi, Tang and Xu 2020, chapter 2: the example"
    ),
    ManualStep("choose what decides and what guards", 20, "Kohavi, Tang and Xu 2020, chapters 6 and 7"),
    ManualStep("compute sample size, power and duration", 20, "Kohavi, Tang and Xu 2020, chapter 17: power"),
    ManualStep("decide on split, ramp, looks and when to stop", 20, "Kohavi, Tang and Xu 2020, chapter 15: ramping"),
    ManualStep("have somebody else go through it", 30, "Fabijan et al. 2019, Three key checklists: that of the design"),
    ManualStep("write the definition of the experiment", 20, "docs/experiments.md: its fields"),
)
MANUAL: Final = timedelta(minutes=sum(step.minutes for step in MANUAL_STEPS))


@dataclass(frozen=True, slots=True)
class DesignTime:
    """Is how long it took.

    Attributes:
        measured_count: Designs that became an experiment.
        median: From request to experiment; None: none was measured.
        manual: By the model.
    """

    measured_count: int
    median: timedelta | None
    manual: timedelta = MANUAL

    @property
    def saved_share(self) -> float | None:
        """Returns 1 - median / manual, below 0 where it took longer; None: none was measured."""
        return None if self.median is None else 1 - self.median / self.manual


def design_time(adopted: Sequence[tuple[datetime, datetime]]) -> DesignTime:
    """Returns the figures of designs, each by when it was asked for, and when the experiment was made of it."""
    spans = [(made - asked).total_seconds() for asked, made in adopted]
    return DesignTime(len(spans), timedelta(seconds=median(spans)) if spans else None)
