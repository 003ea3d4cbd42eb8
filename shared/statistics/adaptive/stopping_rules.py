"""How far one arm has to lead another until it is shown to be better: two rules for one-sided tests that are repeated.

Both speak of Z, the weighted AIPW difference in standard errors. Its variance grows evenly with the number of units
(`confidence_sequence`), so that Z moves like a Brownian motion whose time is that number, whatever the bandit did, and
what is known of repeated looks at ordinary experiments holds here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import invalid_field
from shared.statistics.result import checks
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.sequential import normal_mixture
from shared.statistics.sequential.group_sequential import SMALLEST_STEP, z_bounds
from shared.statistics.sequential.spending import OBRIEN_FLEMING_TYPE, Spending

Floats: TypeAlias = NDArray[np.float64]

_ASSUMPTIONS: Final = (
    "units were allocated with the logged propensities, which followed earlier units only",
    "differences between arms are the same at all times, or their weighted average is what is asked for",
    "many units: Z is nearly normal",
)


class StoppingRule(Protocol):
    """Says how far Z has to be after each batch."""

    method: ClassVar[Method]

    def bounds(self, unit_count: Floats, level: float) -> Floats:
        """Returns the bounds of Z that are ever crossed with probability `level` at most, without a lead.

        Args:
            unit_count: Units of all arms so far, shape (..., B); 0 as long as there are none to compare.
            level: One-sided error rate, in (0, 0.5).

        Returns:
            Shape (..., B); inf where nothing can be shown.
        """


@dataclass(frozen=True, slots=True)
class AnyTime:
    """Allows to look at any time, for as long as one likes.

    Attributes:
        optimal_unit_count: Units of all arms at which the bound is tightest; to be set before the data are seen.
    """

    optimal_unit_count: float
    method: ClassVar[Method] = Method(
        "confidence sequences against every other arm",
        Validity.ADAPTIVE_ANY_TIME,
        _ASSUMPTIONS,
        "Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024; Hadad et al. 2021; Berger 1982",
    )

    def bounds(self, unit_count: Floats, level: float) -> Floats:
        """Returns u(n) / sqrt(n) with the normal mixture's boundary u."""
        side = Alternative.GREATER
        precision = normal_mixture.precision_for(self.optimal_unit_count, alpha=level, alternative=side)
        time = np.where(unit_count > 0, unit_count, np.nan)
        reach = normal_mixture.radius(time, precision=precision, alpha=level, alternative=side) / np.sqrt(time)
        return np.where(np.isnan(reach), np.inf, reach)


@dataclass(frozen=True, slots=True)
class PlannedLooks:
    """Allows to look until a planned number of units has come, which makes leads show much sooner than `AnyTime` does.

    Attributes:
        planned_unit_count: Units of all arms at the end; to be set before the data are seen.
        looks: Ascending indexes of the batches after which one looks; None for all. They must not follow the results.
        spending: How the error rate is spread over the units.
    """

    planned_unit_count: float
    looks: Sequence[int] | None = None
    spending: Spending = OBRIEN_FLEMING_TYPE
    method: ClassVar[Method] = Method(
        "group-sequential tests against every other arm",
        Validity.PLANNED_LOOKS,
        (*_ASSUMPTIONS, "the number of units at the end was planned, and looks did not follow the results"),
        "Lan and DeMets 1983; Hadad et al. 2021; Berger 1982",
    )

    def bounds(self, unit_count: Floats, level: float) -> Floats:
        """Returns the bounds that spend the level over the planned units; inf where one does not look."""
        planned = float(checks.positive("planned_unit_count", self.planned_unit_count))
        flat = unit_count.reshape(-1, unit_count.shape[-1]) / planned
        different, inverse = np.unique(flat, axis=0, return_inverse=True)
        found = np.array([self._bounds(information, level) for information in different])
        return np.asarray(found[inverse.reshape(-1)].reshape(unit_count.shape))

    def _bounds(self, information: Floats, level: float) -> Floats:
        bounds, looks, last = np.full(len(information), np.inf), [], 0.0
        for look in self._checked_looks(len(information)):
            if information[look] - last >= SMALLEST_STEP * information[look] > 0:
                looks.append(look)
                last = information[look]
        if looks:
            times, side = information[looks].tolist(), Alternative.GREATER
            bounds[looks] = z_bounds(times, alpha=level, alternative=side, spending=self.spending).upper
        return bounds

    def _checked_looks(self, batch_count: int) -> Sequence[int]:
        looks = range(batch_count) if self.looks is None else self.looks
        if list(looks) != sorted({look for look in looks if 0 <= look < batch_count}):
            raise invalid_field("looks", f"{self.looks}, must be ascending indexes of {batch_count} batches")
        return looks
