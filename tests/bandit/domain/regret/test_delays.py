"""Outcomes that come late bias whoever does not wait for them, where traffic drifts."""

from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from services.bandit.domain.periods import Memory, counted
from shared.definition.model import AllocationPolicy, ArmWeight, BetaThompson, Experiment, FixedSplit
from tests.bandit.domain.regret.served import HOUR, Site
from tests.bandit.domain.rewards import definition_of

Floats: TypeAlias = NDArray[np.float64]

RATE = 0.3
DAY = 24
PATIENT = Memory(wait=DAY * HOUR)


def split(revision: int, first: float) -> Experiment:
    """Returns a revision that splits two arms."""
    weights = (ArmWeight("a", first), ArmWeight("b", 1 - first))
    return replace(
        definition_of(BetaThompson(), "ab"),
        revision=revision,
        allocation_policy=AllocationPolicy(FixedSplit(weights)),
        attribution_window=DAY * HOUR,
    )


def drifted(seed: int) -> Site:
    """Returns two days of equal arms in equal shares, then a night in which nine units in ten got "b"."""
    site = Site(split(0, 0.5), np.random.default_rng(seed))
    for hour in range(60):
        if hour % 2 == 0:  # a version for each two hours, as waiting for a day asks for at least every 90 minutes
            site.redefine(split(hour, 0.5 if hour < 48 else 0.1))
        site.serve(100, (RATE, RATE), latest=DAY - 1)
    return site


@pytest.fixture(scope="module")
def sites() -> list[Site]:
    return [drifted(seed) for seed in range(60)]


def errors(sites: list[Site], memory: Memory) -> Floats:
    """Returns by how much the estimated means of "a" and "b" are off, shape (sites, 2)."""
    found = []
    for site in sites:
        versions, _ = site.known()
        known = counted(memory, "ab", versions, now=site.now)
        found.append([known[arm_id].mean - RATE for arm_id in "ab"])
    return np.array(found)


def favour(sites: list[Site], **controls: Any) -> Floats:
    """Returns the weight that Thompson sampling then gives "a", which is no better than "b"."""
    thompson = replace(definition_of(BetaThompson(), "ab", **controls), revision=99, attribution_window=DAY * HOUR)
    return np.array([site.asked(thompson)[0] for site in sites])


def test_means_when_all_units_count_at_once_then_the_arm_with_more_recent_units_looks_worse(sites: list[Site]) -> None:
    off = errors(sites, Memory())

    standard_error = off.std(axis=0, ddof=1) / np.sqrt(len(sites))
    assert (off.mean(axis=0) < -10 * standard_error).all()
    assert off.mean(axis=0)[1] < off.mean(axis=0)[0] - 0.02


def test_means_when_outcomes_are_waited_for_then_they_are_unbiased(sites: list[Site]) -> None:
    off = errors(sites, PATIENT)

    assert (np.abs(off.mean(axis=0)) < 4 * off.std(axis=0, ddof=1) / np.sqrt(len(sites))).all()


def test_thompson_when_all_units_count_at_once_then_it_prefers_the_arm_with_fewer_recent_units(
    sites: list[Site],
) -> None:
    assert favour(sites).mean() > 0.9


def test_thompson_when_outcomes_are_waited_for_then_it_prefers_neither(sites: list[Site]) -> None:
    weights = favour(sites, mature_only=True)

    assert abs(weights.mean() - 0.5) < 4 * weights.std(ddof=1) / np.sqrt(len(sites))
