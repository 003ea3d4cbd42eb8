"""Experiments whose control is served to everybody: every way to ask, every state, and what is recorded of it."""

from dataclasses import replace

import numpy as np
import pytest

from services.bandit.domain.events import Durability, Exposure
from services.bandit.service.answers import NOT_COUNTED
from services.bandit.service.batch import BATCH_REASONS
from services.bandit.service.columns import allocate_columns
from services.bandit.service.packed_units import PackedHashes
from shared.definition.model import BooleanFeature, LinearThompson
from shared.policy.placement import PlacementReason
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import experiment, policy, published
from tests.bandit.service.serving.snapshots import PAUSED, SPLIT, STOPPED, TRAFFIC, VIEWS, in_arm
from tests.bandit.service.world import World

CONTEXTUAL = published(
    experiment(
        experiment_id="contextual",
        features=(BooleanFeature("returning"),),
        allocation_policy=policy(LinearThompson(), exploration_floor=0.05),
    )
)
ALL = (SPLIT, TRAFFIC, VIEWS, PAUSED, STOPPED, CONTEXTUAL)
UNITS = [f"u{number}" for number in range(200)]


def serving_control(snapshot: PolicySnapshot) -> World:
    """Returns a replica that gives everybody the control."""
    world = World(snapshot)
    assert world.book.serve_control(frozenset({snapshot.experiment_id}))
    return world


@pytest.mark.parametrize("snapshot", ALL, ids=lambda snapshot: snapshot.experiment_id)
def test_allocate_when_the_control_is_served_then_everybody_gets_it_and_nobody_counts(snapshot: PolicySnapshot) -> None:
    world = serving_control(snapshot)

    answers = [world.serving.allocate(snapshot.experiment_id, unit) for unit in UNITS]

    assert {(one.arm_id, one.propensity, one.reason, one.policy_version, one.exposure_state) for one in answers} == {
        ("control", 1.0, "CONTROL_SERVED", -1, NOT_COUNTED)
    }
    assert world.allocations.rows == []


@pytest.mark.parametrize("snapshot", ALL, ids=lambda snapshot: snapshot.experiment_id)
def test_batch_when_the_control_is_served_then_is_what_each_unit_gets_alone(snapshot: PolicySnapshot) -> None:
    world = serving_control(snapshot)

    batch = world.serving.batch_allocate(snapshot.experiment_id, UNITS)

    assert {batch.arm_ids[arm] for arm in batch.arm_indexes} == {"control"}
    assert {BATCH_REASONS[reason] for reason in batch.reasons} == {PlacementReason.CONTROL_SERVED}
    assert (set(batch.propensities), batch.policy_version) == ({1.0}, -1)


def test_columns_when_the_control_is_served_then_everybody_gets_it() -> None:
    hashes = PackedHashes(np.arange(1000, dtype="<u8").tobytes())

    answer = allocate_columns(serving_control(STOPPED).book, "stopped", hashes)

    assert {answer.arms[arm].arm_id for arm in answer.arm_indexes} == {"control"}
    assert {BATCH_REASONS[reason] for reason in answer.reasons} == {PlacementReason.CONTROL_SERVED}
    assert answer.policy_version == -1


def test_all_when_the_control_is_served_in_one_then_the_others_go_on() -> None:
    world = World(SPLIT, TRAFFIC)
    world.book.serve_control(frozenset({"checkout"}))

    checkout, half = world.serving.allocate_all("u")

    assert (checkout.reason, half.reason == "CONTROL_SERVED") == ("CONTROL_SERVED", False)


def test_pinned_when_the_control_is_served_then_the_earlier_arm_is_not_kept_and_later_it_is_again() -> None:
    world = World(SPLIT)
    unit = in_arm(SPLIT, "blue")
    token = world.serving.allocate("checkout", unit).token
    world.book.serve_control(frozenset({"checkout"}))

    during = world.serving.allocate("checkout", unit, previous_token=token)
    world.book.serve_control(frozenset())
    after = world.serving.allocate("checkout", unit, previous_token=token)

    assert (during.arm_id, during.reason) == ("control", "CONTROL_SERVED")
    assert (after.arm_id, after.reason) == ("blue", "PINNED")


@pytest.mark.parametrize("by_token", [True, False])
def test_exposure_when_the_control_was_served_then_it_is_accepted_and_leaves_no_trace(*, by_token: bool) -> None:
    world = serving_control(SPLIT)
    batch = world.serving.batch_allocate("checkout", UNITS, include_tokens=True)
    world.book.serve_control(frozenset())

    rows = [
        Exposure(token=told) if by_token else Exposure(b"", "checkout", unit, batch.policy_version)
        for unit, told in zip(UNITS, batch.tokens, strict=True)
    ]
    receipt = world.recording.record_exposures(rows)

    assert receipt == (len(UNITS), (), Durability.COMMITTED)
    assert world.allocations.rows == []


def test_exposure_when_the_control_is_served_since_then_who_was_placed_before_counts_in_its_arm() -> None:
    world = World(SPLIT)
    batch = world.serving.batch_allocate("checkout", UNITS)
    world.book.serve_control(frozenset({"checkout"}))

    world.recording.record_exposures(Exposure(b"", "checkout", unit, batch.policy_version) for unit in UNITS)

    assert [row.arm_id for row in world.allocations.rows] == [batch.arm_ids[arm] for arm in batch.arm_indexes]


def test_exposure_when_contexts_place_units_and_the_control_was_served_then_no_token_is_needed() -> None:
    world = serving_control(CONTEXTUAL)

    receipt = world.recording.record_exposures([Exposure(b"", "contextual", "u", -1)])

    assert receipt == (1, (), Durability.COMMITTED)


def test_book_when_a_version_comes_while_the_control_is_served_then_it_serves_the_control_too() -> None:
    world = serving_control(SPLIT)

    world.publish(replace(SPLIT, policy_version=2))

    assert world.serving.allocate("checkout", "u").policy_version == -2
    assert world.book.published()["checkout"].snapshot == replace(SPLIT, policy_version=2)
    assert world.book.version("checkout", 2).fixed is None


def test_book_when_the_experiment_comes_later_then_the_control_is_served_from_the_first_answer() -> None:
    world = World()
    assert not world.book.serve_control(frozenset({"checkout"}))

    world.publish(SPLIT)

    assert world.serving.allocate("checkout", "u").reason == "CONTROL_SERVED"


def test_book_when_the_arms_are_served_again_then_answers_are_as_before() -> None:
    world = World(SPLIT)
    before = [world.serving.allocate("checkout", unit).arm_id for unit in UNITS]
    world.book.serve_control(frozenset({"checkout"}))

    assert not world.book.serve_control(frozenset({"checkout"}))
    assert world.book.serve_control(frozenset())

    assert [world.serving.allocate("checkout", unit).arm_id for unit in UNITS] == before
