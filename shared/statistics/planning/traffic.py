"""How many different units an experiment meets in so many days, and how many of them count."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """Grows as first_day * days^exponent: 1 where every day brings only new units, less where units come back.

    Attributes:
        first_day: Units on the first day, above 0.
        exponent: In (0, 1].
    """

    first_day: float
    exponent: float

    def unit_count(self, days: ArrayLike) -> Floats:
        """Returns different units met by the end of each day, counted from 1."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class RepeatVisits:
    """Has a population whose members each visit on a share of days that follows a Beta distribution.

    Attributes:
        population: Units that may ever come.
        alpha, beta: Of the Beta distribution of the units' daily chances; they have mean alpha / (alpha + beta).
    """

    population: float
    alpha: float
    beta: float

    def unit_count(self, days: ArrayLike) -> Floats:
        """Returns different units met by the end of each day, counted from 1."""
        raise NotImplementedError


Growth: TypeAlias = PowerLaw | RepeatVisits


@dataclass(frozen=True, slots=True)
class Traffic:
    """Says which units of a product an experiment gets.

    Attributes:
        growth: Different eligible units over days.
        experiment_share: Of eligible units that are in the experiment, all arms together, in (0, 1].
        holdout_share: Of eligible units kept out of every experiment, in [0, 1).
        trigger_rate: Of the experiment's units that meet the change, in (0, 1].
    """

    growth: Growth
    experiment_share: float = 1.0
    holdout_share: float = 0.0
    trigger_rate: float = 1.0

    def unit_count(self, days: ArrayLike) -> Floats:
        """Returns triggered units of all arms together by the end of each day."""
        raise NotImplementedError
