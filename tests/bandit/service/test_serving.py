"""Allocations: reasons, pinning, exposure states, batches."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.bandit.domain.trial import HOLDOUT_ARM_ID
from services.bandit.service.batch import BATCH_REASONS
from services.bandit.service.serving import DEFERRED, NOT_COUNTED, NOT_RECORDED, RECORDED, Allocation
from shared.definition.model import AnalysisUnit, ExperimentState, Traffic
from shared.errors import InvalidArgument, NotFound, PlatformError, Reason
from shared.policy.placement import PlacementReason, Placer
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import NOW_MS, arms, experiment, published, signer, split
from tests.bandit.service.world import STALE_AFTER, World
from tests.shared.policy.examples import golden_cases, golden_snapshot

GOLDEN = golden_cases()

SPLIT = published(experiment(allocation_policy=split(0.5, 0.3, 0.2)))
TRAFFIC = published(experiment(experiment_id="half", traffic=Traffic(0.4, 0.3)))
PAUSED = published(experiment(experiment_id="paused", state=ExperimentState.PAUSED))
STOPPED = published(experiment(experiment_id="stopped", state=ExperimentState.STOPPED, shipped_arm_id="green"))
VIEWS = published(experiment(experiment_id="views", analysis_unit=AnalysisUnit.ALLOCATION))

unit_ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)


def placed_as(snapshot: PolicySnapshot, reason: PlacementReason) -> str:
    """Returns a unit that is placed for a reason."""
    place = Placer(snapshot).place
    return next(unit for unit in map(str, range(1000)) if place(unit)[1] is reason)


def in_arm(snapshot: PolicySnapshot, arm_id: str) -> str:
    """Returns a unit that is placed in an arm."""
    place = Placer(snapshot).place
    return next(unit for unit in map(str, range(1000)) if snapshot.arms[place(unit)[0]].arm_id == arm_id)


def fault(error: pytest.ExceptionInfo[PlatformError]) -> tuple[Reason, list[str]]:
    return error.value.reason, [violation.field for violation in error.value.violations]


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


def test_exposure_when_deferred_then_the_row_says_so() -> None:
    world = World(SPLIT)

    answer = world.serving.allocate("checkout", "u", expose=False)

    assert answer.exposure_state == DEFERRED
    assert [(row.allocated, row.exposed) for row in world.allocations.rows] == [(True, False)]


def test_exposure_when_deferred_and_then_immediate_then_both_are_logged() -> None:
    world = World(SPLIT)

    states = [world.serving.allocate("checkout", "u", expose=expose).exposure_state for expose in (False, True, True)]

    assert states == [DEFERRED, RECORDED, RECORDED]
    assert [row.exposed for row in world.allocations.rows] == [False, True]


def test_exposure_when_the_log_is_full_then_not_recorded_and_recorded_once_there_is_room() -> None:
    world = World(SPLIT)
    world.allocations.full = True
    refused = [world.serving.allocate("checkout", "u", expose=expose).exposure_state for expose in (True, False)]
    world.allocations.full = False

    assert refused == [NOT_RECORDED, DEFERRED]
    assert world.serving.allocate("checkout", "u").exposure_state == RECORDED
    assert len(world.allocations.rows) == 1


def test_seen_when_a_unit_comes_often_then_it_is_logged_once_per_version() -> None:
    world = World(SPLIT)
    for _ in range(5):
        world.serving.allocate("checkout", "u")
    world.publish(replace(SPLIT, policy_version=2))
    for _ in range(5):
        world.serving.allocate("checkout", "u")

    assert [row.policy_version for row in world.allocations.rows] == [1, 2]


def test_seen_when_units_and_experiments_differ_then_each_is_logged() -> None:
    world = World(SPLIT, replace(SPLIT, experiment_id="search"))
    for _ in range(2):
        for experiment_id in ("checkout", "search"):
            for unit in map(str, range(500)):
                world.serving.allocate(experiment_id, unit)

    pairs = {(row.experiment_id, row.unit_id) for row in world.allocations.rows}
    assert len(pairs) == 1000
    # A collision of two marks in a slot logs again: expected 1000^2 / 2^19 = 2 of them.
    assert len(world.allocations.rows) <= 1000 + 40


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


def test_freshness_when_the_store_is_silent_then_stale_with_the_age_since_it_spoke() -> None:
    world = World(SPLIT)
    world.clock.advance(STALE_AFTER)
    fresh = world.serving.allocate("checkout", "u").stale_seconds
    world.clock.advance(timedelta(seconds=37))
    stale = world.serving.allocate("checkout", "u").stale_seconds
    world.book.confirm()

    assert fresh is None
    assert stale == pytest.approx(42)
    assert world.serving.allocate("checkout", "u").stale_seconds is None


def test_freshness_when_never_confirmed_then_stale_since_the_start() -> None:
    world = World()
    world.book.replace([SPLIT])
    world.clock.advance(timedelta(seconds=3))

    assert world.serving.allocate("checkout", "u").stale_seconds == pytest.approx(3)
    assert world.serving.batch_allocate("checkout", ["u"]).stale_seconds == pytest.approx(3)


def test_all_when_nothing_is_named_then_the_running_ones_by_id_and_deferred() -> None:
    world = World(SPLIT, PAUSED, VIEWS, STOPPED)

    answers = world.serving.allocate_all("u")

    assert [answer.experiment_id for answer in answers] == ["checkout", "views"]
    assert {answer.exposure_state for answer in answers} == {DEFERRED}
    assert [answer.allocation_id for answer in answers] == ["", "fresh-1"]


def test_all_when_some_are_named_then_those_whatever_their_state() -> None:
    world = World(SPLIT, PAUSED, VIEWS)

    answers = world.serving.allocate_all("u", ["paused", "checkout", "paused"], expose=True)

    assert [(answer.experiment_id, answer.reason) for answer in answers] == [
        ("checkout", "SPLIT"),
        ("paused", "PAUSED"),
    ]
    assert answers[0] == world.serving.allocate("checkout", "u")


def test_all_when_one_is_unknown_then_not_found_and_nothing_is_logged() -> None:
    world = World(SPLIT)

    with pytest.raises(NotFound) as caught:
        world.serving.allocate_all("u", ["checkout", "nothing"], expose=True)

    assert caught.value.metadata == {"experiment_id": "nothing"}
    assert world.allocations.rows == []


def test_all_when_the_unit_id_is_bad_then_it_is_named() -> None:
    with pytest.raises(InvalidArgument) as caught:
        World(SPLIT).serving.allocate_all("")

    assert fault(caught) == (Reason.INVALID_FIELD, ["unit_id"])


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
