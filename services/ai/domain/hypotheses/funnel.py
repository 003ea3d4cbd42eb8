"""Where a funnel loses more units than its other steps do."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricKind

_LEAST_STEPS: Final = 3
"""With fewer there is no other step to compare with."""
_NOISE: Final = 1.96
"""Standard errors below which a gap is no more than noise."""


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """Is the way from one metric to the next.

    Attributes:
        rate: Share of the units at `before` that come to `after`, from 0 to 1.
        gap: The rate minus the median rate of the other steps; below 0: it loses more.
        error: Standard error of the rate; None: it is not known on how many units it was measured.
    """

    before: MetricProfile
    after: MetricProfile
    rate: float
    gap: float
    error: float | None

    @property
    def is_behind(self) -> bool:
        """Says whether it loses more units than the others do, beyond noise as far as that is known."""
        return self.gap < -_NOISE * (self.error or 0.0) and self.gap < 0


def steps(metrics: Sequence[MetricProfile]) -> tuple[FunnelStep, ...]:
    """Returns the steps of the funnel in order; empty: what is given is no funnel of three steps or more."""
    placed = sorted((one for one in metrics if _is_placed(one)), key=lambda one: one.funnel_step)
    levels = [one.baseline or 0.0 for one in placed]
    once = len({one.funnel_step for one in placed}) == len(placed)
    if len(placed) < _LEAST_STEPS or not once or any(after > before for before, after in pairwise(levels)):
        return ()
    rates = [after / before for before, after in pairwise(levels)]
    return tuple(
        FunnelStep(before, after, rate, rate - median(rates[:place] + rates[place + 1 :]), _error(before, rate))
        for place, ((before, after), rate) in enumerate(zip(pairwise(placed), rates, strict=True))
    )


def _is_placed(metric: MetricProfile) -> bool:
    return metric.funnel_step > 0 and metric.kind is MetricKind.PROPORTION and bool(metric.baseline)


def _error(before: MetricProfile, rate: float) -> float | None:
    count = before.unit_count * (before.baseline or 0.0)
    return math.sqrt(rate * (1 - rate) / count) if count > 0 else None
