"""Batches: every column is the single answer, and the golden vectors hold."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.bandit.service.batch import BATCH_REASONS
from shared.definition.model import Traffic
from shared.errors import InvalidArgument, NotFound, Reason
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.service.serving.snapshots import PAUSED, SPLIT, STOPPED, TRAFFIC, VIEWS, fault
from tests.bandit.service.world import World
from tests.shared.policy.examples import golden_cases, golden_snapshot

GOLDEN = golden_cases()
unit_ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)


@settings(max_examples=50, deadline=None)
@given(st.lists(unit_ids, min_size=1, max_size=80), st.sampled_from([SPLIT, TRAFFIC, PAUSED, STOPPED]))
def test_batch_when_units_count_then_every_column_is_the_single_answer(
    units: list[str], snapshot: PolicySnapshot
) -> None:
    world = World(snapshot)

    batch = world.serving.batch_allocate(snapshot.experiment_id, units, include_tokens=True)

    singles = [world.serving.allocate(snapshot.experiment_id, unit) for unit in units]
    assert [batch.arm_ids[arm] for arm in batch.arm_indexes] == [single.arm_id for single in singles]
    assert batch.propensities.tolist() == [single.propensity for single in singles]
    assert [BATCH_REASONS[reason] for reason in batch.reasons] == [single.reason for single in singles]
    assert batch.tokens == [single.token for single in singles]
    assert (batch.policy_version, batch.stale_seconds, batch.allocation_ids) == (1, None, [])


@settings(max_examples=30, deadline=None)
@given(st.lists(unit_ids, min_size=1, max_size=50), st.floats(0.1, 0.9))
def test_batch_when_allocations_count_then_every_column_is_the_single_answer_of_its_id(
    units: list[str], share: float
) -> None:
    snapshot = replace(VIEWS, traffic=Traffic(share, (1 - share) / 2))
    world = World(snapshot)

    batch = world.serving.batch_allocate("views", units, include_tokens=True)

    pairs = zip(units, batch.allocation_ids, strict=True)
    singles = [world.serving.allocate("views", unit, allocation_id=one) for unit, one in pairs]
    assert len(set(batch.allocation_ids)) == len(units)
    assert [batch.arm_ids[arm] for arm in batch.arm_indexes] == [single.arm_id for single in singles]
    assert [BATCH_REASONS[reason] for reason in batch.reasons] == [single.reason for single in singles]
    assert batch.propensities.tolist() == [single.propensity for single in singles]
    assert batch.tokens == [single.token for single in singles]


def test_batch_when_tokens_are_not_asked_for_then_none_and_nothing_is_logged() -> None:
    world = World(SPLIT)

    batch = world.serving.batch_allocate("checkout", ["a", "b"])

    assert batch.tokens == []
    assert world.allocations.rows == []


def test_batch_when_ids_are_bad_then_each_is_named_with_its_place() -> None:
    with pytest.raises(InvalidArgument) as caught:
        World(SPLIT).serving.batch_allocate("checkout", ["a", "", "b", "é" * 129, "c\n", "\x7f", "用户"])

    assert fault(caught) == (Reason.INVALID_FIELD, ["unit_ids[1]", "unit_ids[3]", "unit_ids[4]", "unit_ids[5]"])


@pytest.mark.parametrize("bad", [[""], ["", ""], ["x" * 257], ["\x00"], ["ü", ""]])
def test_batch_when_all_there_is_is_bad_then_it_is_named(bad: list[str]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        World(SPLIT).serving.batch_allocate("checkout", bad)

    assert caught.value.reason is Reason.INVALID_FIELD


def test_batch_when_there_is_no_unit_then_no_column() -> None:
    batch = World(TRAFFIC).serving.batch_allocate("half", [], include_tokens=True)

    assert (len(batch.arm_indexes), len(batch.propensities), batch.tokens) == (0, 0, [])


def test_batch_when_the_experiment_is_unknown_then_not_found() -> None:
    with pytest.raises(NotFound) as caught:
        World(SPLIT).serving.batch_allocate("nothing", ["u"])

    assert caught.value.reason is Reason.EXPERIMENT_NOT_FOUND


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_batch_when_golden_then_arm_and_reason_are_those_of_the_vector(case: dict[str, Any]) -> None:
    snapshot = golden_snapshot(case)
    vectors = case["vectors"]
    given_ids = iter([vector["allocation_id"] for vector in vectors])
    world = World(snapshot, new_allocation_id=given_ids.__next__)

    batch = world.serving.batch_allocate("golden", [vector["unit_id"] for vector in vectors])

    found = zip(batch.arm_indexes.tolist(), [BATCH_REASONS[reason] for reason in batch.reasons], strict=True)
    assert list(found) == [(vector["arm"], vector["reason"]) for vector in vectors]
