"""Columns of units: every entry is the answer that the unit gets alone."""

from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.bandit.service.batch import BATCH_REASONS
from services.bandit.service.columns import ColumnAllocation, allocate_columns
from services.bandit.service.packed_units import PackedHashes, PackedIds
from shared.definition.model import AnalysisUnit, ExperimentState, Traffic
from shared.errors import InvalidArgument, NotFound, Reason
from shared.policy.placement import PlacementReason, Placer
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import arms, experiment, published, split
from tests.bandit.service.world import STALE_AFTER, World
from tests.shared.policy.examples import golden_cases, golden_snapshot

GOLDEN = golden_cases()
MANY_ARMS = tuple(f"arm{number}" for number in range(64))

SPLIT = published(experiment(allocation_policy=split(0.5, 0.3, 0.2)))
TRAFFIC = published(experiment(experiment_id="half", traffic=Traffic(0.4, 0.3)))
HOLDOUT = published(experiment(experiment_id="held-out", traffic=Traffic(1.0, 0.2)))
PAUSED = published(experiment(experiment_id="paused", state=ExperimentState.PAUSED))
STOPPED = published(experiment(experiment_id="stopped", state=ExperimentState.STOPPED, shipped_arm_id="green"))
WIDE = published(experiment(experiment_id="wide", arms=arms(*MANY_ARMS), traffic=Traffic(0.9, 0.05)))
STATES = [SPLIT, TRAFFIC, HOLDOUT, PAUSED, STOPPED, WIDE]

unit_ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
hashes = st.integers(0, 2**64 - 1)


def packed_ids(ids: list[str]) -> PackedIds:
    encoded = [one.encode() for one in ids]
    return PackedIds(b"".join(encoded), np.array([0, *accumulate(map(len, encoded))], "<i4").tobytes())


def packed_hashes(numbers: list[int]) -> PackedHashes:
    return PackedHashes(b"".join(number.to_bytes(8, "little") for number in numbers))


def answers(snapshot: PolicySnapshot, packed: PackedIds | PackedHashes) -> list[tuple[int, PlacementReason]]:
    answer = allocate_columns(World(snapshot).book, snapshot.experiment_id, packed)
    assert answer.arm_indexes.dtype == answer.reasons.dtype == np.uint8
    return [
        (arm, BATCH_REASONS[reason])
        for arm, reason in zip(answer.arm_indexes.tolist(), answer.reasons.tolist(), strict=True)
    ]


@pytest.mark.parametrize("snapshot", STATES, ids=lambda snapshot: snapshot.experiment_id)
def test_columns_when_ids_are_many_then_each_is_placed_as_if_alone(snapshot: PolicySnapshot) -> None:
    ids = [f"visitor-{number}" for number in range(3_000)] + [
        f"Besucherin {number} ß 漢字 🙂" for number in range(3_000)
    ]

    assert answers(snapshot, packed_ids(ids)) == [Placer(snapshot).place(one) for one in ids]


@pytest.mark.parametrize("snapshot", STATES, ids=lambda snapshot: snapshot.experiment_id)
def test_columns_when_hashes_are_many_then_each_is_placed_as_its_spelling_is(snapshot: PolicySnapshot) -> None:
    numbers = [0, 1, 2**63, 2**64 - 1, *np.random.default_rng(1).integers(0, 2**64, 5_000, dtype=np.uint64).tolist()]

    assert answers(snapshot, packed_hashes(numbers)) == [Placer(snapshot).place(f"{one:016x}") for one in numbers]


@settings(deadline=None, max_examples=50)
@given(st.lists(unit_ids, min_size=1, max_size=30), st.sampled_from(STATES))
def test_columns_when_given_any_ids_then_each_is_placed_as_if_alone(ids: list[str], snapshot: PolicySnapshot) -> None:
    assert answers(snapshot, packed_ids(ids)) == [Placer(snapshot).place(one) for one in ids]


@settings(deadline=None, max_examples=50)
@given(st.lists(hashes, min_size=1, max_size=30), st.sampled_from(STATES))
def test_columns_when_given_any_hashes_then_they_are_short_for_their_spellings(
    numbers: list[int], snapshot: PolicySnapshot
) -> None:
    assert answers(snapshot, packed_hashes(numbers)) == answers(snapshot, packed_ids([f"{n:016x}" for n in numbers]))


@pytest.mark.parametrize("case", [case for case in GOLDEN if case["analysis_unit"] == "UNIT"], ids=lambda c: c["name"])
def test_columns_when_golden_then_arm_and_reason_are_those_of_the_vector(case: dict[str, Any]) -> None:
    snapshot = golden_snapshot(case)
    vectors = case["vectors"]

    found = answers(snapshot, packed_ids([vector["unit_id"] for vector in vectors]))

    assert found == [(vector["arm"], vector["reason"]) for vector in vectors]


def test_columns_when_traffic_is_cut_then_every_reason_comes_up() -> None:
    found = answers(TRAFFIC, packed_hashes(list(range(200))))

    assert {reason for _, reason in found} == {
        PlacementReason.SPLIT,
        PlacementReason.HOLDOUT,
        PlacementReason.NOT_IN_TRAFFIC,
    }


def test_columns_when_answered_then_arms_version_and_freshness_are_said() -> None:
    world = World(SPLIT)

    fresh = allocate_columns(world.book, "checkout", packed_hashes([1]))
    world.clock.advance(STALE_AFTER * 2)
    stale = allocate_columns(world.book, "checkout", packed_hashes([1]))

    assert fresh[3:] == (1, None)
    assert fresh.arms == SPLIT.arms
    assert stale.stale_seconds == 2 * STALE_AFTER.total_seconds()
    assert world.allocations.rows == []


def test_columns_when_allocations_count_then_refused_with_the_way_out() -> None:
    views = replace(SPLIT, analysis_unit=AnalysisUnit.ALLOCATION)

    with pytest.raises(InvalidArgument, match="BatchAllocate") as caught:
        allocate_columns(World(views).book, "checkout", packed_hashes([1]))

    assert caught.value.reason is Reason.INVALID_FIELD
    assert [violation.field for violation in caught.value.violations] == ["experiment_id"]


def test_columns_when_the_experiment_is_unknown_then_not_found() -> None:
    with pytest.raises(NotFound) as caught:
        allocate_columns(World(SPLIT).book, "nothing", None)

    assert caught.value.reason is Reason.EXPERIMENT_NOT_FOUND


def test_columns_when_compared_with_the_batch_then_the_same() -> None:
    world, ids = World(TRAFFIC), [f"u{number}" for number in range(500)]

    columns: ColumnAllocation = allocate_columns(world.book, "half", packed_ids(ids))
    batch = world.serving.batch_allocate("half", ids)

    weights = np.array([arm.weight for arm in columns.arms])
    assert columns.arm_indexes.tolist() == batch.arm_indexes.tolist()
    assert columns.reasons.tolist() == batch.reasons.tolist()
    assert np.where(columns.reasons == 0, weights[columns.arm_indexes], 1.0).tolist() == batch.propensities.tolist()
