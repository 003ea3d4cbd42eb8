"""Who moves when arms come, go and change their weights: a million units, placed by the kernel that serves."""

from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from services.bandit.kernels.assignment import assign
from services.bandit.kernels.hashing import hash_hexadecimal
from shared.definition.model import BetaThompson
from shared.policy.snapshot import RANGE, PolicySnapshot
from tests.bandit.examples import arms, by_arm, counted, experiment, policy, published, split, weights

Names: TypeAlias = NDArray[np.str_]

MILLION = 1_000_000
UNITS = np.arange(MILLION, dtype=np.uint64)


def placed(snapshot: PolicySnapshot) -> Names:
    """Returns the arm of every unit, by name."""
    names = np.array([arm.arm_id for arm in snapshot.arms])
    cells = assign(
        hash_hexadecimal(UNITS, snapshot.traffic_salt),
        hash_hexadecimal(UNITS, snapshot.arm_salt),
        RANGE,
        RANGE,
        np.array(snapshot.segments.starts, np.uint32),
        np.array(snapshot.segments.arms, np.uint8),
        0,
        0,
    )
    return names[cells]


def assert_only_the_necessary_moved(before: PolicySnapshot, after: PolicySnapshot) -> float:
    """Returns the share of units that moved, which is the total variation distance but for which units there are."""
    old, new = placed(before), placed(after)
    was, now = weights(before), weights(after)
    moved = old != new
    gains = {arm_id: now.get(arm_id, 0.0) - was.get(arm_id, 0.0) for arm_id in was | now}
    distance = sum(gain for gain in gains.values() if gain > 0)
    # Nobody left an arm that grew, nobody came to one that shrank.
    assert all(gains[arm_id] < 0 for arm_id in np.unique(old[moved]))
    assert all(gains[arm_id] > 0 for arm_id in np.unique(new[moved]))
    assert abs(moved.mean() - distance) < 5 * np.sqrt(distance * (1 - distance) / MILLION) + 1e-9
    return float(moved.mean())


def test_units_when_weights_change_then_only_those_move_whose_arm_shrank() -> None:
    before = published(experiment(allocation_policy=split(0.5, 0.3, 0.2)))
    after = published(experiment(allocation_policy=split(0.4, 0.45, 0.15), revision=2), before)

    assert assert_only_the_necessary_moved(before, after) == pytest.approx(0.15, abs=0.002)


def test_units_when_an_arm_is_added_then_only_those_move_that_it_gets() -> None:
    before = published(experiment(allocation_policy=split(0.5, 0.3, 0.2)))
    four = ("control", "blue", "green", "red")
    after = published(
        experiment(arms=arms(*four), allocation_policy=split(0.45, 0.27, 0.18, 0.1, arm_ids=four), revision=2), before
    )

    assert assert_only_the_necessary_moved(before, after) == pytest.approx(0.1, abs=0.002)
    moved = placed(before) != placed(after)
    assert (placed(after)[moved] == "red").all()


def test_units_when_an_arm_is_removed_then_only_its_own_move() -> None:
    before = published(experiment(allocation_policy=split(0.5, 0.3, 0.2)))
    two = ("control", "green")
    after = published(experiment(arms=arms(*two), allocation_policy=split(0.7, 0.3, arm_ids=two), revision=2), before)

    assert assert_only_the_necessary_moved(before, after) == pytest.approx(0.3, abs=0.002)
    moved = placed(before) != placed(after)
    assert (placed(before)[moved] == "blue").all()


def test_units_when_a_bandit_learns_for_many_versions_then_only_the_necessary_move_each_time() -> None:
    definition, rng = (
        experiment(allocation_policy=policy(BetaThompson(), exploration_floor=0.02)),
        np.random.default_rng(1),
    )
    snapshot = published(definition)
    for units in (200, 400, 800, 1600, 3200):
        good = rng.binomial(units, (0.10, 0.11, 0.12)).tolist()
        known = by_arm(*(counted(one, units, count) for one, count in zip(weights(snapshot), good, strict=True)))
        fresh = published(definition, snapshot, statistics=known) if units else snapshot
        assert_only_the_necessary_moved(snapshot, fresh)
        snapshot = fresh
