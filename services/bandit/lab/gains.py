"""What policies gained: one row a problem and policy, and what they reach where arms are drawn."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from services.bandit.lab.measures import Estimate, ceilings, gains, mean, picked_best, regret, share, worst_shares
from services.bandit.lab.simulation import Trajectories

GOAL: Final = 0.2
"""By how much a bandit shall be better than the equal split where that is possible."""

_ROUNDING: Final = 1e-9

BANDS: Final = ((0.2, 0.3), (0.3, 0.5), (0.5, float("inf")))


@dataclass(frozen=True, slots=True)
class Gain:
    """Says what a policy did on a problem.

    Attributes:
        gain: Over an equal split, as a share.
        ceiling: The same of an oracle that always plays the best arm.
        picked_best: How often the arm that looks best at the end is the best.
        worst_share: Share of units on the worst arm.
        regret: Lost against the oracle, in the metric's unit, over all units of a run.
    """

    policy: str
    gain: Estimate
    ceiling: float
    picked_best: Estimate
    worst_share: Estimate
    regret: Estimate

    @property
    def captured(self) -> float:
        """Returns the gain as a share of the ceiling; NaN where there is nothing to gain."""
        return self.gain.value / self.ceiling if self.ceiling > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class Band:
    """Says what a policy reached on the drawn problems whose ceiling lies in a band.

    Attributes:
        reached: Share of these problems in which the gain was `GOAL` or more.
        gain: Mean gain in these problems.
        ceiling: Mean ceiling of these problems.
    """

    low: float
    high: float
    problem_count: int
    reached: Estimate
    gain: Estimate
    ceiling: float


@dataclass(frozen=True, slots=True)
class Reach:
    """Says of drawn problems in how many the goal is possible, and in how many it is reached.

    Attributes:
        possible: Share of all problems in which an oracle gains `GOAL` or more.
        all_possible: These problems; the first of the bands.
        bands: The same, divided by ceilings.
    """

    policy: str
    possible: Estimate
    all_possible: Band
    bands: tuple[Band, ...]


def is_reached(gained: ArrayLike) -> NDArray[np.bool_]:
    """Returns whether gains are the goal or more, but for rounding."""
    return np.asarray(np.asarray(gained) >= GOAL - _ROUNDING)


def gain_of(policy: str, runs: Trajectories) -> Gain:
    """Returns what a policy did in these runs."""
    return Gain(
        policy,
        mean(gains(runs)),
        float(ceilings(runs).mean()),
        share(picked_best(runs)),
        mean(worst_shares(runs)),
        mean(regret(runs)[:, -1]),
    )


def reach_of(policy: str, runs: Trajectories) -> Reach:
    """Returns what a policy reached, each run being a problem of its own."""
    possible = is_reached(ceilings(runs))
    bands = tuple(_band(runs, low, high) for low, high in BANDS)
    return Reach(policy, share(possible), _band(runs, GOAL, float("inf")), bands)


def _band(runs: Trajectories, low: float, high: float) -> Band:
    ceiling, gained = ceilings(runs), gains(runs)
    inside = (low - _ROUNDING <= ceiling) & (ceiling < high - _ROUNDING)
    average = float(ceiling[inside].mean()) if inside.any() else float("nan")
    reached = share(is_reached(gained[inside]))
    return Band(low, high, int(np.count_nonzero(inside)), reached, mean(gained[inside]), average)
