"""Shares are the stated propensities, experiments are independent, and nobody moves without need."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from services.bandit.service.answers import BatchAllocation
from services.bandit.service.batch import BATCH_REASONS
from shared.definition.model import AllocationControls, AnalysisUnit, BetaThompson, Traffic
from shared.policy.placement import PlacementReason
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import arms, by_arm, counted, experiment, policy, published, split
from tests.bandit.service.world import World

MILLION = 1_000_000
# A false alarm would come once in a million changes of a salt.
ALPHA = 1e-6

FIVE = ("control", "a", "b", "c", "d")
UNEVEN = published(experiment(arms=arms(*FIVE), allocation_policy=split(0.5, 0.3, 0.15, 0.049, 0.001, arm_ids=FIVE)))

THOMPSON = experiment(arms=arms(*FIVE), allocation_policy=policy(BetaThompson(), AllocationControls()))
EARLY = by_arm(*(counted(arm_id, 500, good) for arm_id, good in zip(FIVE, (50, 55, 60, 52, 58), strict=True)))
LATE = by_arm(*(counted(arm_id, 900, good) for arm_id, good in zip(FIVE, (90, 104, 106, 88, 110), strict=True)))


@pytest.fixture(scope="module")
def visitors() -> list[str]:
    """Ids as sites have them: counted, with a common stem."""
    return [f"visitor-{number:07d}" for number in range(MILLION)]


def shares_fault(counts: NDArray[np.int64], expected: NDArray[np.float64]) -> float:
    """Returns the p-value of counts under the shares expected."""
    return float(stats.chisquare(counts, expected * counts.sum()).pvalue)


def dependence(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Returns the p-value of two columns of arms under independence."""
    table = np.zeros((first.max() + 1, second.max() + 1), np.int64)
    np.add.at(table, (first, second), 1)
    return float(stats.chi2_contingency(table).pvalue)


def assigned(snapshot: PolicySnapshot, units: list[str]) -> BatchAllocation:
    return World(snapshot).serving.batch_allocate(snapshot.experiment_id, units)


def test_shares_when_a_million_units_come_then_they_are_the_stated_propensities(visitors: list[str]) -> None:
    batch = assigned(UNEVEN, visitors)

    weights = np.array([arm.weight for arm in UNEVEN.arms])
    assert shares_fault(np.bincount(batch.arm_indexes, minlength=5), weights) > ALPHA
    assert (batch.propensities == weights[batch.arm_indexes]).all()


def test_shares_when_the_propensities_are_a_little_wrong_then_the_test_would_see_it(visitors: list[str]) -> None:
    counts = np.bincount(assigned(UNEVEN, visitors).arm_indexes, minlength=5)

    assert shares_fault(counts, np.array([0.505, 0.295, 0.15, 0.049, 0.001])) < ALPHA


def test_shares_when_traffic_and_holdout_are_cut_off_then_all_parts_have_theirs(visitors: list[str]) -> None:
    batch = assigned(replace(UNEVEN, traffic=Traffic(0.6, 0.1)), visitors)

    reasons = np.bincount(batch.reasons, minlength=len(BATCH_REASONS))[:3]
    assert [BATCH_REASONS[place] for place in range(3)] == [
        PlacementReason.SPLIT,
        PlacementReason.HOLDOUT,
        PlacementReason.NOT_IN_TRAFFIC,
    ]
    assert shares_fault(reasons, np.array([0.6, 0.1, 0.3])) > ALPHA
    drawn = batch.arm_indexes[batch.reasons == 0]
    assert shares_fault(np.bincount(drawn, minlength=5), np.array([arm.weight for arm in UNEVEN.arms])) > ALPHA


def test_shares_when_one_unit_is_allocated_very_often_then_they_are_the_propensities() -> None:
    views = replace(UNEVEN, analysis_unit=AnalysisUnit.ALLOCATION)

    batch = assigned(views, ["the only visitor"] * 200_000)

    weights = np.array([arm.weight for arm in UNEVEN.arms])
    assert shares_fault(np.bincount(batch.arm_indexes, minlength=5), weights) > ALPHA


def test_experiments_when_they_share_their_units_then_their_arms_are_independent(visitors: list[str]) -> None:
    search = published(experiment(experiment_id="search", allocation_policy=split(0.2, 0.3, 0.5)))
    checkout = published(experiment(allocation_policy=split(0.2, 0.3, 0.5)))

    first, second = assigned(checkout, visitors).arm_indexes, assigned(search, visitors).arm_indexes

    assert dependence(first, second) > ALPHA


def test_experiments_when_they_would_share_a_salt_then_the_test_would_see_it(visitors: list[str]) -> None:
    search = published(experiment(experiment_id="search", allocation_policy=split(0.2, 0.3, 0.5)))
    twin = replace(UNEVEN, arm_salt=search.arm_salt)

    assert dependence(assigned(search, visitors).arm_indexes, assigned(twin, visitors).arm_indexes) < ALPHA


def test_traffic_when_one_experiment_takes_half_then_the_other_ones_half_is_independent(visitors: list[str]) -> None:
    halves = [published(experiment(experiment_id=one, traffic=Traffic(0.5))) for one in ("checkout", "search")]

    first, second = ((assigned(one, visitors).reasons > 0).astype(np.uint8) for one in halves)

    assert dependence(first, second) > ALPHA


def test_replicas_when_they_have_the_same_snapshot_then_the_same_arms(visitors: list[str]) -> None:
    units = visitors[:100_000]
    snapshot = published(THOMPSON, statistics=EARLY)
    first, second = World(snapshot), World(snapshot)

    one, other = (world.serving.batch_allocate("checkout", units) for world in (first, second))

    assert (one.arm_indexes == other.arm_indexes).all()
    assert (one.propensities == other.propensities).all()
    singles = [second.serving.allocate("checkout", unit).arm_id for unit in units[:2_000]]
    assert singles == [one.arm_ids[arm] for arm in one.arm_indexes[:2_000]]


def test_replicas_when_the_weights_change_then_only_units_that_must_move_move(visitors: list[str]) -> None:
    units = visitors[:100_000]
    before = published(THOMPSON, statistics=EARLY)
    after = published(replace(THOMPSON, revision=2), before, statistics=LATE)
    old, new = assigned(before, units), assigned(after, units)

    gains = np.array([arm.weight for arm in after.arms]) - np.array([arm.weight for arm in before.arms])
    distance = float(np.abs(gains).sum() / 2)
    moved = old.arm_indexes != new.arm_indexes

    assert distance > 0.1
    assert abs(moved.mean() - distance) < 4 * np.sqrt(distance * (1 - distance) / len(units))
    assert (gains[old.arm_indexes[moved]] < 0).all()
    assert (gains[new.arm_indexes[moved]] > 0).all()


def test_replicas_when_one_is_a_version_behind_then_units_that_need_not_move_agree(visitors: list[str]) -> None:
    units = visitors[:100_000]
    before = published(THOMPSON, statistics=EARLY)
    after = published(replace(THOMPSON, arms=arms(*FIVE, "late"), revision=2), before, statistics=EARLY)

    old, new = assigned(before, units), assigned(after, units)

    moved = old.arm_indexes != new.arm_indexes
    late = after.arms[5].weight
    assert (new.arm_indexes[moved] == 5).all()
    assert abs(moved.mean() - late) < 4 * np.sqrt(late * (1 - late) / len(units))
