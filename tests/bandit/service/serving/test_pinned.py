"""Units that bring the token of an earlier allocation."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.bandit.service.answers import NOT_COUNTED, RECORDED, Allocation
from shared.definition.model import ExperimentState, Traffic
from shared.errors import InvalidArgument, Reason
from shared.policy.placement import PlacementReason, Placer
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import NOW_MS, arms, experiment, published, signer, split
from tests.bandit.service.serving.snapshots import SPLIT, TRAFFIC, VIEWS, fault, in_arm, placed_as
from tests.bandit.service.world import World


def everyone_in(snapshot: PolicySnapshot, arm_id: str, *, version: int) -> PolicySnapshot:
    """Returns a version that gives every unit one arm."""
    one_arm = {arm.arm_id: float(arm.arm_id == arm_id) for arm in snapshot.arms}
    definition = experiment(revision=version, allocation_policy=split(*one_arm.values()))
    return replace(published(definition, snapshot), policy_version=version)


def first_and_again(world: World, fresh: PolicySnapshot, **options: Any) -> tuple[Allocation, Allocation]:
    """Returns the answer to a unit, and the one after a new version with the first one's token."""
    first = world.serving.allocate("checkout", in_arm(SPLIT, "blue"))
    world.publish(fresh)
    world.clock.advance(timedelta(hours=1))
    unit = world.signer.read(first.token, now_ms=NOW_MS).unit_id
    return first, world.serving.allocate("checkout", unit, previous_token=first.token, **options)


def test_pinned_when_the_arm_lives_then_arm_propensity_and_version_stay() -> None:
    world = World(SPLIT)
    fresh = published(experiment(revision=2, allocation_policy=split(0.9, 0.05, 0.05)), SPLIT)

    first, again = first_and_again(world, fresh)

    assert Placer(fresh).place(world.allocations.rows[0].unit_id)[0] != 1
    assert (again.arm_id, again.propensity, again.policy_version) == ("blue", first.propensity, 1)
    assert (again.reason, again.exposure_state) == (PlacementReason.PINNED, RECORDED)


def test_pinned_when_exposed_only_now_then_the_exposure_is_of_now() -> None:
    world = World(SPLIT)

    first_and_again(world, replace(SPLIT, policy_version=2))

    row = world.allocations.rows[-1]
    assert (row.reason, row.policy_version, row.exposed) == ("PINNED", 1, True)
    assert row.at_ms == NOW_MS + 3_600_000


def test_pinned_when_kept_for_longer_than_a_token_lives_then_it_is_kept_still() -> None:
    world = World(SPLIT)
    unit = in_arm(SPLIT, "blue")
    token = world.serving.allocate("checkout", unit).token
    world.publish(replace(SPLIT, policy_version=2))

    for _ in range(5):
        world.clock.advance(timedelta(days=60))
        answer = world.serving.allocate("checkout", unit, previous_token=token)
        assert (answer.reason, answer.arm_id) == (PlacementReason.PINNED, "blue")
        token = answer.token


@pytest.mark.parametrize(
    "fresh",
    [
        everyone_in(SPLIT, "control", version=2),
        published(experiment(revision=2, arms=arms("control", "green")), SPLIT),
    ],
    ids=["weight 0", "removed"],
)
def test_pinned_when_the_arm_is_dead_then_the_unit_is_placed_anew(fresh: PolicySnapshot) -> None:
    _, again = first_and_again(World(SPLIT), fresh)

    assert (again.reason, again.policy_version) == (PlacementReason.SPLIT, 2)
    assert again.arm_id != "blue"


def test_pinned_when_paused_then_the_control() -> None:
    halted = replace(SPLIT, policy_version=2, state=ExperimentState.PAUSED)

    _, again = first_and_again(World(SPLIT), halted)

    assert (again.reason, again.arm_id, again.exposure_state) == (PlacementReason.PAUSED, "control", NOT_COUNTED)


def test_pinned_when_the_unit_was_outside_then_it_is_placed_anew() -> None:
    world = World(TRAFFIC)
    unit = placed_as(TRAFFIC, PlacementReason.NOT_IN_TRAFFIC)
    outside = world.serving.allocate("half", unit)
    world.publish(replace(TRAFFIC, policy_version=2, traffic=Traffic(1.0)))

    assert world.serving.allocate("half", unit, previous_token=outside.token).reason == PlacementReason.SPLIT


def test_pinned_when_the_token_is_of_another_unit_or_experiment_then_it_is_named() -> None:
    world = World(SPLIT, VIEWS)
    token = world.serving.allocate("checkout", "u").token

    for experiment_id, unit_id in (("checkout", "other"), ("views", "u")):
        with pytest.raises(InvalidArgument) as caught:
            world.serving.allocate(experiment_id, unit_id, previous_token=token)
        assert fault(caught) == (Reason.INVALID_FIELD, ["previous_token"])


def test_pinned_when_the_token_is_forged_then_invalid_token() -> None:
    world = World(SPLIT)
    forger = World(SPLIT, signed_by=signer(secret=b"another-secret-16"))
    token = forger.serving.allocate("checkout", "u").token

    for bad in (token, b"x", b"\x01" * 200):
        with pytest.raises(InvalidArgument) as caught:
            world.serving.allocate("checkout", "u", previous_token=bad)
        assert caught.value.reason is Reason.INVALID_TOKEN


def test_pinned_when_the_token_is_expired_then_it_is_said() -> None:
    world = World(SPLIT)
    token = world.serving.allocate("checkout", "u").token
    world.clock.advance(timedelta(days=91))

    with pytest.raises(InvalidArgument) as caught:
        world.serving.allocate("checkout", "u", previous_token=token)

    assert caught.value.reason is Reason.EXPIRED_TOKEN


def test_pinned_when_allocations_count_then_the_trial_stays_the_same() -> None:
    world = World(VIEWS)
    first = world.serving.allocate("views", "u")

    again = world.serving.allocate("views", "u", previous_token=first.token)

    assert (again.reason, again.allocation_id, again.arm_id) == ("PINNED", first.allocation_id, first.arm_id)
