"""Simulated histories of policy versions: what a bandit's learner sees, version by version."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from tests.bandit.examples import NOW, counted

Floats: TypeAlias = NDArray[np.float64]
Shares: TypeAlias = Callable[[Floats, Floats], Floats]
"""From successes and units of each arm so far to the weights of the next version."""


def history(
    rng: np.random.Generator,
    rates: Sequence[float],
    *,
    versions: int,
    units: int,
    shares: Shares,
    arm_ids: Sequence[str] = ("control", "blue", "green"),
) -> list[VersionStatistics]:
    """Returns the versions of an experiment in which every version serves so many units, binary outcomes at once."""
    names = arm_ids[: len(rates)]
    successes, totals = np.zeros(len(rates)), np.zeros(len(rates))
    known = []
    for version in range(versions):
        weights = shares(successes, totals)
        given = rng.multinomial(units, weights)
        hits = rng.binomial(given, rates)
        known.append(one_version(version + 1, names, given.tolist(), hits.tolist(), weights.tolist()))
        successes, totals = successes + hits, totals + given
    return known


def one_version(
    number: int, arm_ids: Sequence[str], units: Sequence[int], successes: Sequence[int], weights: Sequence[float]
) -> VersionStatistics:
    """Returns a version that was replaced an hour after the one before."""
    arms: dict[str, ArmStatistics] = {
        arm_id: counted(arm_id, count, hits)
        for arm_id, count, hits in zip(arm_ids, units, successes, strict=True)
        if count
    }
    return VersionStatistics(number, NOW + timedelta(hours=number), arms, dict(zip(arm_ids, weights, strict=True)))


def equal(successes: Floats, totals: Floats) -> Floats:
    """Gives every arm the same."""
    return np.full(len(totals), 1 / len(totals))


def greedy(successes: Floats, totals: Floats) -> Floats:
    """Gives the arm that looks best nearly everything: the hardest case for whoever takes plain means."""
    best = int(np.argmax((successes + 1) / (totals + 2)))
    weights = np.full(len(totals), 0.1)
    weights[best] = 1 - 0.1 * (len(totals) - 1)
    return weights
