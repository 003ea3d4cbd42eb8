"""Decisions one by one: which arm each unit got, with which propensity, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDED: Final = 2.0**-30
"""Borders between arms are rounded to whole positions, so that a propensity may be this much below its bound."""


@dataclass(frozen=True, slots=True)
class VersionChances:
    """Says which chances the units of one policy version had.

    Attributes:
        least: By the id of every arm that could be given, the probability below which no unit's was; 0 where that
            cannot be told.
        followed_contexts: Whether units had more than that; otherwise `least` is the propensity.
    """

    least: Mapping[str, float]
    followed_contexts: bool


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Holds n decisions in the order of the units' first exposures.

    Attributes:
        arm_ids: The arms that `arms` counts in.
        arms: Positions, -1 for arms that are not among them, shape (n,).
        values: Of one metric, shape (n,).
        propensities: With which each unit got its arm; NaN where none was logged, shape (n,).
        versions: Of the policies that placed them, shape (n,).
        chances: By policy version.
    """

    arm_ids: tuple[str, ...]
    arms: NDArray[np.integer]
    values: Floats
    propensities: Floats
    versions: NDArray[np.integer]
    chances: Mapping[int, VersionChances]

    def least(self, arm_id: str) -> Floats:
        """Returns what the arm's propensity could not be below, shape (n,); NaN where it could not be given at all."""
        found, place = np.unique(self.versions, return_inverse=True)
        least = np.array([self.chances[version].least.get(arm_id, np.nan) for version in found.tolist()])
        return np.asarray(least[place] if found.size else np.zeros(0))


@dataclass(frozen=True, slots=True, eq=False)
class DecisionBlock:
    """Is the latest of the blocks of equal length that all decisions are cut into.

    Attributes:
        number: From 1.
        decisions: Those of the block that have been made.
    """

    number: int
    decisions: Decisions
