"""Which of the past counts: forgetting and waiting, both by the time at which policy versions were replaced.

A version's units were placed while it served, so its end says how old they are at least, and whether all of them were
given the whole attribution window. So that this is known finely enough, a version serves a 16th of the time in question
at most, or for the update interval where that is longer.

- Discounting: Garivier and Moulines 2011, "On upper-confidence bound policies for switching bandit problems", with time
  instead of rounds; the sliding window is theirs, too.
- Waiting for the whole window: units whose outcomes may still come look worse than they are, those of arms that were
  given more units lately the most. Versions are let in once they are whole, so that arms are known alike and outcomes
  that come late bias nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.statistics import ArmStatistics, VersionStatistics, merged
from services.bandit.domain.trial import SKEW_TOLERANCE_SECONDS
from shared.definition.model import AllocationControls

Floats = NDArray[np.float64]

PERIODS: Final = 16
"""Into how many versions a half-life or window is cut: weights are off by 2^(1/16) - 1 = 4.4 % at most."""

_FORGOTTEN_HALF_LIVES: Final = 40


@dataclass(frozen=True, slots=True)
class Memory:
    """Says how much of the past counts.

    Attributes:
        half_life: Halves the weight of a version each time that this much has passed since it was replaced.
        window: Leaves out versions that were replaced longer ago.
        wait: Leaves out versions that were replaced less long ago: their units' outcomes may still come.
    """

    half_life: timedelta | None = None
    window: timedelta | None = None
    wait: timedelta | None = None

    @classmethod
    def of(cls, controls: AllocationControls, attribution_window: timedelta) -> "Memory":
        """Returns what the controls of an experiment ask for."""
        return cls(controls.half_life, controls.window, attribution_window if controls.mature_only else None)

    @property
    def longest_period(self) -> timedelta | None:
        """Returns how long a version may serve; None where all of the past counts alike."""
        spans = [span for span in (self.half_life, self.window, self.wait) if span is not None]
        return min(spans) / PERIODS if spans else None

    def weight(self, version: VersionStatistics, *, now: datetime) -> float:
        """Returns how much each unit of a version counts, from 0 to 1."""
        age = max(now - version.replaced_at, timedelta(0)) if version.replaced_at is not None else timedelta(0)
        if self.wait is not None:
            outcomes_may_come = age < self.wait + timedelta(seconds=SKEW_TOLERANCE_SECONDS)
            if version.replaced_at is None or outcomes_may_come:
                return 0.0
        return float(self.kept(np.array(age.total_seconds())))

    def whole_before(self, now: datetime) -> datetime:
        """Returns the instant until which units must have been exposed whose outcomes are waited for no more."""
        return now if self.wait is None else now - self.wait - timedelta(seconds=SKEW_TOLERANCE_SECONDS)

    def kept(self, ages: Floats) -> Floats:
        """Returns how much units of these ages, in seconds, still count, from 0 to 1; outcomes are not waited for."""
        half_lives = ages / self.half_life.total_seconds() if self.half_life is not None else np.zeros_like(ages)
        kept = np.where(half_lives < _FORGOTTEN_HALF_LIVES, 0.5 ** np.maximum(half_lives, 0.0), 0.0)
        return np.asarray(kept if self.window is None else np.where(ages < self.window.total_seconds(), kept, 0.0))


def counted(
    memory: Memory, arm_ids: Sequence[str], versions: Sequence[VersionStatistics], *, now: datetime
) -> Mapping[str, ArmStatistics]:
    """Returns what counts of the past, by arm."""
    weighted = [(memory.weight(version, now=now), version) for version in versions]
    return {
        arm_id: merged(
            arm_id, [(weight, one.arms[arm_id]) for weight, one in weighted if weight > 0 and arm_id in one.arms]
        )
        for arm_id in arm_ids
    }


def unit_counts(
    memory: Memory, arm_ids: Sequence[str], versions: Sequence[VersionStatistics], *, now: datetime
) -> Sequence[float]:
    """Returns the units of each arm whose outcomes are waited for no more, forgotten ones included.

    Burn-in goes by these: an arm that is given few units would else burn in again each time that it is forgotten.
    """
    waiting = replace(memory, half_life=None, window=None)
    whole = [version for version in versions if waiting.weight(version, now=now) > 0]
    return [sum(one.arms[arm_id].unit_count for one in whole if arm_id in one.arms) for arm_id in arm_ids]
