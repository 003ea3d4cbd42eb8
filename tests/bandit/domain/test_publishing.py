"""The next snapshot of an experiment, and when none is due."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.bandit.domain.publishing import next_snapshot, salt
from services.bandit.domain.statistics import ArmStatistics
from shared.definition.model import (
    AllocationControls,
    BetaThompson,
    Experiment,
    ExperimentState,
    MetricDirection,
    Traffic,
)
from shared.policy.snapshot import RANGE, PolicySnapshot, PublishReason
from tests.bandit.examples import (
    CONVERSION,
    MINUTE,
    NOW,
    arms,
    by_arm,
    counted,
    experiment,
    policy,
    published,
    split,
    weights,
)

LATER = NOW + MINUTE
EARLY = by_arm(counted("control", 200, 20), counted("blue", 200, 24), counted("green", 200, 22))
CLEAR = by_arm(counted("control", 2000, 200), counted("blue", 2000, 300), counted("green", 2000, 200))

THOMPSON = experiment(allocation_policy=policy(BetaThompson(), AllocationControls()))


def due(
    definition: Experiment,
    statistics: dict[str, ArmStatistics],
    previous: PolicySnapshot | None,
    *,
    after: timedelta = MINUTE,
    frozen: bool = False,
) -> PolicySnapshot | None:
    return next_snapshot(definition, statistics, previous, frozen=frozen, now=NOW + after)


def lengths(snapshot: PolicySnapshot) -> dict[str, int]:
    counts = snapshot.segments.lengths(len(snapshot.arms))
    return dict(zip(weights(snapshot), counts, strict=True))


def test_first_when_started_then_version_one_of_the_definition() -> None:
    definition = experiment(
        revision=4,
        allocation_policy=split(0.5, 0.25, 0.25),
        traffic=Traffic(0.5, 0.1),
        attribution_window=timedelta(hours=3),
    )

    snapshot = published(definition)

    assert (snapshot.policy_version, snapshot.experiment_revision) == (1, 4)
    assert (snapshot.publish_reason, snapshot.published_at) == (PublishReason.DEFINITION, NOW)
    assert weights(snapshot) == {"control": 0.5, "blue": 0.25, "green": 0.25}
    assert [arm.control for arm in snapshot.arms] == [True, False, False]
    assert (snapshot.default_arm, snapshot.frozen, snapshot.state) == (0, False, ExperimentState.RUNNING)
    assert (snapshot.traffic, snapshot.analysis_unit) == (definition.traffic, definition.analysis_unit)
    assert (snapshot.metrics, snapshot.attribution_window) == (definition.metrics, timedelta(hours=3))


def test_snapshot_when_weights_are_no_whole_positions_then_it_states_the_exact_shares() -> None:
    snapshot = published(experiment(allocation_policy=split(1 / 3, 1 / 3, 1 / 3)))

    assert sum(lengths(snapshot).values()) == RANGE
    assert weights(snapshot) == {arm_id: length / RANGE for arm_id, length in lengths(snapshot).items()}


def test_salts_when_experiments_or_purposes_differ_then_they_differ_and_stay_for_ever() -> None:
    snapshot = published(experiment())

    salts = {salt(one, purpose) for one in ("checkout", "search") for purpose in ("arm", "traffic")}
    assert len(salts) == 4
    assert (snapshot.arm_salt, snapshot.traffic_salt) == (salt("checkout", "arm"), salt("checkout", "traffic"))
    # Another value would move every unit of every running experiment.
    assert (snapshot.arm_salt, snapshot.traffic_salt) == (0x5D9647DFE53799C4, 0x896CDD4255DD1F00)


def test_next_when_nothing_changed_then_none() -> None:
    assert due(THOMPSON, {}, published(THOMPSON), after=timedelta(days=1)) is None


def test_next_when_data_move_the_weights_then_a_version_that_follows_them() -> None:
    first = published(THOMPSON)

    second = due(THOMPSON, CLEAR, first)

    assert second is not None
    assert (second.policy_version, second.publish_reason) == (2, PublishReason.LEARNING)
    assert second.published_at == LATER
    assert weights(second)["blue"] > 0.97
    assert min(weights(second).values()) >= 0.01 - 1e-9


def test_next_when_the_interval_has_not_passed_then_none_until_it_has() -> None:
    first = published(THOMPSON)

    assert due(THOMPSON, CLEAR, first, after=MINUTE - timedelta(microseconds=1)) is None
    assert due(THOMPSON, CLEAR, first, after=MINUTE) is not None


@pytest.mark.parametrize(("threshold", "publishes"), [(1.0, False), (0.5, True)])
def test_next_when_no_weight_moves_far_enough_then_none(threshold: float, *, publishes: bool) -> None:
    definition = experiment(allocation_policy=policy(BetaThompson(), min_weight_change=threshold))

    snapshot = due(definition, CLEAR, published(definition))

    assert (snapshot is not None) is publishes


def test_next_when_any_change_is_material_then_the_same_data_still_publish_nothing() -> None:
    definition = experiment(allocation_policy=policy(BetaThompson(), min_weight_change=0.0))
    first = published(definition, statistics=EARLY)

    assert due(definition, EARLY, first) is None
    assert due(definition, CLEAR, first) is not None


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 1)), min_size=3, max_size=3))
def test_next_when_the_same_data_come_again_then_none_whatever_they_are(results: list[tuple[int, float]]) -> None:
    definition = experiment(allocation_policy=policy(BetaThompson(), min_weight_change=0.0))
    pairs = zip(("control", "blue", "green"), results, strict=True)
    statistics = by_arm(*(counted(arm_id, count, round(count * rate)) for arm_id, (count, rate) in pairs))

    assert due(definition, statistics, published(definition, statistics=statistics)) is None


def test_next_when_the_revision_is_new_then_a_version_at_once_though_nothing_else_changed() -> None:
    first = published(THOMPSON, statistics=CLEAR)

    second = due(replace(THOMPSON, revision=2), CLEAR, first, after=timedelta(0))

    assert second is not None
    assert (second.policy_version, second.experiment_revision) == (2, 2)
    assert second.publish_reason is PublishReason.DEFINITION
    assert second.segments == first.segments


def test_next_when_less_is_better_then_the_lowest_arm_gets_most() -> None:
    fewer = replace(CONVERSION, direction=MetricDirection.MINIMIZE)
    results = by_arm(counted("control", 2000, 300), counted("blue", 2000, 300), counted("green", 2000, 150))

    assert weights(published(replace(THOMPSON, metrics=(fewer,)), statistics=results))["green"] > 0.97


@pytest.mark.parametrize("state", [ExperimentState.PAUSED, ExperimentState.STOPPED])
def test_next_when_not_running_then_data_publish_nothing(state: ExperimentState) -> None:
    halted = replace(THOMPSON, state=state, revision=2)
    snapshot = published(halted, published(THOMPSON))

    assert (snapshot.state, snapshot.default_arm) == (state, 0)
    assert due(halted, CLEAR, snapshot) is None


def test_next_when_an_arm_is_shipped_then_it_is_the_default() -> None:
    stopped = replace(THOMPSON, state=ExperimentState.STOPPED, shipped_arm_id="green", revision=2)

    assert published(stopped, published(THOMPSON)).default_arm == 2


def test_default_when_the_control_is_not_the_first_arm_then_its_place() -> None:
    moved = replace(THOMPSON, arms=arms("blue", "green", "control"))
    moved = replace(moved, arms=tuple(replace(arm, control=arm.arm_id == "control") for arm in moved.arms))

    assert published(moved).default_arm == 2


def test_frozen_when_switched_then_a_version_that_keeps_the_weights() -> None:
    first = published(THOMPSON, statistics=EARLY)

    second = due(THOMPSON, CLEAR, first, after=timedelta(0), frozen=True)

    assert second is not None
    assert (second.frozen, second.publish_reason) == (True, PublishReason.SWITCH)
    assert second.arms == first.arms
    assert second.segments == first.segments


def test_frozen_when_data_come_then_none() -> None:
    frozen = published(THOMPSON, published(THOMPSON), frozen=True)

    assert due(THOMPSON, CLEAR, frozen, after=timedelta(days=9), frozen=True) is None


def test_unfrozen_when_switched_then_the_weights_follow_the_data_at_once() -> None:
    frozen = published(THOMPSON, published(THOMPSON), frozen=True)

    thawed = due(THOMPSON, CLEAR, frozen, after=timedelta(0))

    assert thawed is not None
    assert (thawed.frozen, thawed.publish_reason) == (False, PublishReason.SWITCH)
    assert weights(thawed)["blue"] > 0.97


def frozen_after(definition: Experiment, previous: PolicySnapshot) -> PolicySnapshot:
    """Returns the version of a new revision of a frozen experiment."""
    changed = replace(definition, revision=previous.experiment_revision + 1)
    return published(changed, previous, frozen=True, statistics=CLEAR)


def moved_positions(before: PolicySnapshot, after: PolicySnapshot) -> int:
    """Returns how many positions changed their arm, going by arm ids."""
    borders = sorted({*before.segments.starts, *after.segments.starts, RANGE})
    spans = pairwise(borders)
    return sum(end - start for start, end in spans if arm_at(before, start) != arm_at(after, start))


def arm_at(snapshot: PolicySnapshot, position: int) -> str:
    owner = [
        arm for start, arm in zip(snapshot.segments.starts, snapshot.segments.arms, strict=True) if start <= position
    ]
    return snapshot.arms[owner[-1]].arm_id


def test_frozen_when_words_or_traffic_change_then_the_weights_stay() -> None:
    before = published(THOMPSON, statistics=EARLY)

    after = frozen_after(replace(THOMPSON, traffic=Traffic(0.3)), before)

    assert (after.arms, after.segments) == (before.arms, before.segments)


def test_frozen_when_arms_only_change_places_then_every_unit_stays() -> None:
    before = published(THOMPSON, statistics=EARLY)

    after = frozen_after(replace(THOMPSON, arms=THOMPSON.arms[::-1]), before)

    assert [arm.arm_id for arm in after.arms] == ["green", "blue", "control"]
    assert weights(after) == weights(before)
    assert moved_positions(before, after) == 0
    assert after.default_arm == 2


def test_frozen_when_an_arm_goes_then_the_others_keep_their_proportions() -> None:
    before = published(THOMPSON, statistics=EARLY)

    after = frozen_after(replace(THOMPSON, arms=THOMPSON.arms[:2]), before)

    old, new = weights(before), weights(after)
    assert new["control"] / new["blue"] == pytest.approx(old["control"] / old["blue"], rel=1e-8)
    assert moved_positions(before, after) == round(old["green"] * RANGE)


def test_frozen_when_an_arm_comes_then_it_gets_the_floor_and_the_others_go_down_to_no_less() -> None:
    before = published(THOMPSON, statistics=EARLY)
    floored = replace(THOMPSON.allocation_policy, controls=AllocationControls(exploration_floor=0.1))

    after = frozen_after(
        replace(THOMPSON, arms=arms("control", "blue", "green", "red"), allocation_policy=floored), before
    )

    assert weights(after)["red"] == pytest.approx(0.1, abs=1e-9)
    for arm_id, weight in weights(before).items():
        assert weights(after)[arm_id] == pytest.approx(0.1 + 0.6 * weight, abs=1e-9)


def test_frozen_when_every_arm_is_new_then_an_equal_split() -> None:
    before = published(THOMPSON, statistics=EARLY)
    unfloored = policy(BetaThompson(), exploration_floor=0.0)

    after = frozen_after(replace(THOMPSON, arms=arms("one", "two"), allocation_policy=unfloored), before)

    assert weights(after) == {"one": 0.5, "two": 0.5}


def test_frozen_before_the_first_version_then_the_definition_decides() -> None:
    assert weights(published(experiment(allocation_policy=split(0.2, 0.3, 0.5)), frozen=True))[
        "green"
    ] == pytest.approx(0.5)


@settings(deadline=None)
@given(st.data())
def test_arms_when_they_come_and_go_then_as_few_positions_move_as_can(data: st.DataObject) -> None:
    names = ["control", "a", "b", "c", "d", "e"]
    snapshot: Any = None
    for revision in range(1, 5):
        present = ["control", *data.draw(st.lists(st.sampled_from(names[1:]), min_size=1, unique=True))]
        definition = experiment(arms=arms(*present), allocation_policy=policy(BetaThompson()), revision=revision)
        results = data.draw(st.lists(st.integers(0, 300), min_size=6, max_size=6))
        statistics = by_arm(*(counted(name, 300, good) for name, good in zip(names, results, strict=True)))
        fresh = published(definition, snapshot, statistics=statistics)
        if snapshot is not None:
            old, new = lengths(snapshot), lengths(fresh)
            variation = sum(max(length - new.get(arm_id, 0), 0) for arm_id, length in old.items())
            assert moved_positions(snapshot, fresh) == variation
        snapshot = fresh
