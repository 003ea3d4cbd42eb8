"""When guardrails pause arms: how soon those that do harm, how often those that do none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.bandit.lab.decisions import NEVER, POWER
from services.bandit.lab.measures import Estimate, mean, share
from services.bandit.lab.simulation import Trajectories

Indexes: TypeAlias = NDArray[np.intp]

HALF: Final = 0.5
_UNKNOWN: Final = Estimate(np.nan, np.nan, np.nan)


@dataclass(frozen=True, slots=True)
class Pausing:
    """Says what a policy with a guardrail did.

    Attributes:
        caught: Share of runs in which all harmful arms were paused by the end; NaN without any.
        median_units: Of all arms, within which half of the runs paused them; NaN where fewer ever did.
        most_units: The same of a share `POWER` of the runs.
        harmful_share: Share of the units that got a harmful arm.
        falsely: Share of runs in which some arm was ever paused that does no harm; NaN where there is none but the
            control, which is never paused.
    """

    policy: str
    caught: Estimate
    median_units: float
    most_units: float
    harmful_share: Estimate
    falsely: Estimate


def first_paused(runs: Trajectories) -> Indexes:
    """Returns the first batch in which each arm was paused, NEVER where none, shape (R, K).

    The policies must have a floor: then nothing but a pause makes a weight 0.
    """
    is_paused = runs.weights == 0
    return np.where(is_paused.any(axis=1), is_paused.argmax(axis=1), NEVER)


def pausing_of(policy: str, runs: Trajectories, harm_rates: Sequence[float]) -> Pausing:
    """Returns what a policy did in these runs; arms that harm more than the first one, the control, are harmful."""
    paused, is_harmful = first_paused(runs), np.array(harm_rates) > harm_rates[0]
    harmless = ~is_harmful[1:]
    falsely = share((paused[:, 1:][:, harmless] != NEVER).any(axis=1)) if harmless.any() else _UNKNOWN
    if not is_harmful.any():
        return Pausing(policy, _UNKNOWN, np.nan, np.nan, _UNKNOWN, falsely)
    caught = (paused[:, is_harmful] != NEVER).all(axis=1)
    units = runs.counts.sum(axis=2).cumsum(axis=1)
    last = units[np.arange(len(units)), np.maximum(paused[:, is_harmful].max(axis=1) - 1, 0)]
    until = np.where(caught, last, np.inf)
    harmed = runs.counts[:, :, is_harmful].sum(axis=(1, 2)) / units[:, -1]
    return Pausing(policy, share(caught), _within(until, HALF), _within(until, POWER), mean(harmed), falsely)


def _within(units: NDArray[np.float64], part: float) -> float:
    """Returns within how many units a part of the runs was done; NaN where fewer ever were."""
    found = float(np.sort(units)[int(np.ceil(part * units.size)) - 1])
    return found if np.isfinite(found) else np.nan
