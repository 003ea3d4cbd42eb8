"""What off-policy evaluation answers: a policy's value by each estimator, and how much the data tell of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.result import checks
from shared.statistics.result.method import Method
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import Interval, NotEstimable

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int8]
Flags: TypeAlias = NDArray[np.int32]


class Estimator(StrEnum):
    """Says how a policy's value is estimated, as `PolicyEstimator` in bandit_service.proto."""

    IPS = "IPS"
    SNIPS = "SNIPS"
    DOUBLY_ROBUST = "DOUBLY_ROBUST"


@dataclass(frozen=True, slots=True)
class PolicyValues:
    """Holds what a policy earns per unit, by one estimator; every array has shape L, NaN where an obstacle is.

    Attributes:
        value, low, high: In the metric's unit.
        obstacle: `Obstacle` as int8.
        caution: `Caution` as int32: what weakens this estimate.
    """

    estimator: Estimator
    method: Method
    value: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    obstacle: Codes
    caution: Flags

    def report(self, *index: int) -> Interval | NotEstimable:
        """Returns one value; the index has a number for each axis of L.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        obstacle = Obstacle(int(self.obstacle[index]))
        if obstacle:
            return NotEstimable(obstacle)
        return Interval(float(self.value[index]), float(self.low[index]), float(self.high[index]))

    def caution_at(self, *index: int) -> Caution:
        """Returns what weakens one value; the index has a number for each axis of L.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.caution.shape)
        return Caution(int(self.caution[index]))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Holds a policy's value by each estimator, for any leading axes L (none for one data set).

    Attributes:
        alpha: 1 minus the intervals' confidence level.
        values: One for each estimator.
        logged_value: What the same units really earned, per unit; NaN without units.
        unit_count: Units that the values rest on.
        effective_sample_size: Of units drawn by the policy itself that would tell as much: (sum w)^2 / sum w^2 (Kish
            1965).
        largest_weight: Of any unit: the policy's probability of its action over the logged one.
    """

    alpha: float
    values: tuple[PolicyValues, ...]
    logged_value: Floats
    unit_count: Floats
    effective_sample_size: Floats
    largest_weight: Floats

    @property
    def caution(self) -> Flags:
        """Returns what weakens any of the estimates, `Caution` as int32, shape L."""
        return np.asarray(np.bitwise_or.reduce([values.caution for values in self.values]), dtype=np.int32)

    @property
    def obstacle(self) -> Obstacle:
        """Returns what stands in the way of every estimator, for one data set; NONE where one of them has a value."""
        found = [Obstacle(int(values.obstacle)) for values in self.values]
        return found[0] if all(found) else Obstacle.NONE

    def of(self, estimator: Estimator) -> PolicyValues:
        """Returns the values by one estimator.

        Raises:
            KeyError: It is not among them.
        """
        return {values.estimator: values for values in self.values}[estimator]

    def caution_at(self, *index: int) -> Caution:
        """Returns what weakens any estimate of one answer; the index has a number for each axis of L.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.caution.shape)
        return Caution(int(self.caution[index]))
