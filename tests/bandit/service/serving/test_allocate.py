"""Allocations of one unit: reasons, tokens, trials, refusals."""

import pytest

from services.bandit.domain.trial import HOLDOUT_ARM_ID
from services.bandit.service.answers import NOT_COUNTED, RECORDED
from shared.errors import InvalidArgument, NotFound, Reason
from shared.policy.placement import PlacementReason
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import NOW_MS
from tests.bandit.service.serving.snapshots import PAUSED, SPLIT, STOPPED, TRAFFIC, VIEWS, fault, in_arm, placed_as
from tests.bandit.service.world import World


def test_allocate_when_split_then_arm_weight_and_a_token_that_says_so() -> None:
    world = World(SPLIT)
    unit = in_arm(SPLIT, "blue")

    answer = world.serving.allocate("checkout", unit)

    weight = SPLIT.arms[1].weight
    assert (answer.experiment_id, answer.arm_id, answer.propensity) == ("checkout", "blue", weight)
    assert (answer.policy_version, answer.reason, answer.stale_seconds) == (1, PlacementReason.SPLIT, None)
    assert (answer.allocation_id, answer.exposure_state) == ("", RECORDED)
    decision = world.signer.read(answer.token, now_ms=NOW_MS)
    assert decision == ("checkout", unit, "blue", 1, weight, "", NOW_MS, True)


def test_allocate_when_split_then_one_row_with_all_that_is_known() -> None:
    world = World(SPLIT)
    unit = in_arm(SPLIT, "green")

    world.serving.allocate("checkout", unit)

    (row,) = world.allocations.rows
    weight = SPLIT.arms[2].weight
    assert row == ("checkout", unit, unit, "green", 1, weight, "SPLIT", NOW_MS, True, True, ())


def test_allocate_when_held_out_then_the_control_is_shown_and_the_holdout_logged() -> None:
    world = World(TRAFFIC)

    answer = world.serving.allocate("half", placed_as(TRAFFIC, PlacementReason.HOLDOUT))

    assert (answer.arm_id, answer.reason, answer.propensity) == ("control", PlacementReason.HOLDOUT, 1.0)
    assert answer.exposure_state == RECORDED
    assert [row.arm_id for row in world.allocations.rows] == [HOLDOUT_ARM_ID]
    decision = world.signer.read(answer.token, now_ms=NOW_MS)
    assert (decision.arm_id, decision.counts) == (HOLDOUT_ARM_ID, True)


@pytest.mark.parametrize(
    ("snapshot", "reason", "arm_id"),
    [
        (TRAFFIC, PlacementReason.NOT_IN_TRAFFIC, "control"),
        (PAUSED, PlacementReason.PAUSED, "control"),
        (STOPPED, PlacementReason.STOPPED, "green"),
    ],
)
def test_allocate_when_the_unit_does_not_count_then_the_default_arm_and_no_trace(
    snapshot: PolicySnapshot, reason: PlacementReason, arm_id: str
) -> None:
    world = World(snapshot)

    answer = world.serving.allocate(snapshot.experiment_id, placed_as(snapshot, reason))

    assert (answer.arm_id, answer.reason, answer.propensity) == (arm_id, reason, 1.0)
    assert answer.exposure_state == NOT_COUNTED
    assert world.allocations.rows == []
    assert not world.signer.read(answer.token, now_ms=NOW_MS).counts


def test_allocate_when_asked_again_then_the_same_answer() -> None:
    world = World(SPLIT)

    assert world.serving.allocate("checkout", "u") == world.serving.allocate("checkout", "u")


def test_allocate_when_the_experiment_is_unknown_then_not_found() -> None:
    with pytest.raises(NotFound) as caught:
        World(SPLIT).serving.allocate("nothing", "u")

    assert caught.value.reason is Reason.EXPERIMENT_NOT_FOUND
    assert caught.value.metadata == {"experiment_id": "nothing"}


@pytest.mark.parametrize("unit_id", ["", "x" * 257, "é" * 129, "a\nb", "a\x1fb", "\x00", "a\x7f"])
def test_allocate_when_the_unit_id_is_bad_then_it_is_named(unit_id: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        World(SPLIT).serving.allocate("checkout", unit_id)

    assert fault(caught) == (Reason.INVALID_FIELD, ["unit_id"])


def test_allocate_when_the_experiment_counts_units_then_an_allocation_id_means_nothing() -> None:
    world = World(SPLIT)

    answers = {world.serving.allocate("checkout", "u", allocation_id=one).arm_id for one in map(str, range(30))}

    assert len(answers) == 1
    assert world.serving.allocate("checkout", "u", allocation_id="7").allocation_id == ""


def test_allocate_when_allocations_count_then_each_is_fresh_and_its_own_trial() -> None:
    world = World(VIEWS)

    answers = [world.serving.allocate("views", "u") for _ in range(40)]

    assert [answer.allocation_id for answer in answers] == [f"fresh-{number}" for number in range(1, 41)]
    assert {answer.arm_id for answer in answers} == {"control", "blue", "green"}
    assert [row.trial_id for row in world.allocations.rows] == [f"u\x1ffresh-{number}" for number in range(1, 41)]


def test_allocate_when_allocations_count_and_one_is_named_then_a_retry_gets_the_same_arm_and_counts_once() -> None:
    world = World(VIEWS)

    answers = [world.serving.allocate("views", "u", allocation_id="page-9") for _ in range(3)]

    assert len(set(answers)) == 1
    assert answers[0].allocation_id == "page-9"
    assert len(world.allocations.rows) == 1
    assert world.signer.read(answers[0].token, now_ms=NOW_MS).allocation_id == "page-9"


@pytest.mark.parametrize("allocation_id", ["x" * 65, "a\tb"])
def test_allocate_when_the_allocation_id_is_bad_then_it_is_named(allocation_id: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        World(VIEWS).serving.allocate("views", "u", allocation_id=allocation_id)

    assert fault(caught) == (Reason.INVALID_FIELD, ["allocation_id"])


def test_allocate_when_the_allocation_id_is_as_long_as_allowed_in_any_script_then_it_comes_back() -> None:
    world = World(VIEWS)

    answer = world.serving.allocate("views", "é" * 128, allocation_id="👩" * 64)

    assert world.signer.read(answer.token, now_ms=NOW_MS).allocation_id == "👩" * 64
