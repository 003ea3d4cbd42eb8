"""Units are placed as the golden vectors and the server say, bit by bit; what makes no sense places nobody."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from experimentation_client.policy import Policy
from services.bandit.service.batch import BATCH_REASONS
from services.bandit.service.policy_book import ServingPolicy
from shared.definition.model import AnalysisUnit, ExperimentState, Traffic
from shared.policy.convert import snapshot_to_proto
from shared.policy.placement import Placer
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.service.world import World
from tests.client.examples import message, snapshot, with_split
from tests.shared.policy.examples import golden_cases, golden_snapshot

GOLDEN = golden_cases()
UNITS_EACH = 200_000

MANY_ARMS = snapshot(weights=(5, 1, 90, 1, 7, 3, 3, 11, 2, 40), traffic=Traffic(0.7, 0.15))
SNAPSHOTS = {
    "two arms, all traffic": snapshot(),
    "ten arms, traffic and holdout": MANY_ARMS,
    "64 arms": replace(snapshot(weights=tuple(range(1, 65))), arm_salt=2**64 - 1, traffic_salt=12345678901234567890),
    "allocations": replace(MANY_ARMS, analysis_unit=AnalysisUnit.ALLOCATION, arm_salt=987654321),
    "holdout alone": snapshot(weights=(1, 0, 3), traffic=Traffic(1.0, 0.001)),
    "an analysis split": with_split(snapshot(weights=(1, 0, 3)), 0.2, (1, 1, 1)),
    "an analysis split with traffic, holdout and allocations": with_split(
        replace(MANY_ARMS, analysis_unit=AnalysisUnit.ALLOCATION), 0.6, (1,) * 10
    ),
}


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_place_when_golden_then_arm_and_reason_are_those_of_the_vector(case: dict[str, Any]) -> None:
    source = golden_snapshot(case)
    policy = Policy(snapshot_to_proto(source))

    for vector in case["vectors"]:
        answer = policy.place(vector["unit_id"], vector["allocation_id"])
        assert (answer.arm_id, answer.reason) == (source.arms[vector["arm"]].arm_id, vector["reason"]), vector


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_place_when_compared_with_the_server_on_a_million_units_then_every_bit_is_equal(name: str) -> None:
    source = SNAPSHOTS[name]
    units = [f"{name} visitor-{number:x} {'ß' if number % 7 == 0 else ''}" for number in range(UNITS_EACH)]
    theirs = World(source).serving.batch_allocate(source.experiment_id, units)

    place = Policy(snapshot_to_proto(source)).place
    ours = [place(unit, one) for unit, one in zip(units, theirs.allocation_ids or [""] * UNITS_EACH, strict=True)]

    positions = {arm_id: position for position, arm_id in enumerate(theirs.arm_ids)}
    assert np.array_equal([positions[answer.arm_id] for answer in ours], theirs.arm_indexes)
    assert np.array_equal([BATCH_REASONS.index(answer.reason) for answer in ours], theirs.reasons)
    assert np.array_equal([answer.propensity for answer in ours], theirs.propensities)


@pytest.mark.parametrize("source", [*SNAPSHOTS.values()], ids=list(SNAPSHOTS))
def test_place_when_compared_with_one_unit_at_a_time_then_is_the_same(source: PolicySnapshot) -> None:
    policy, placer, serving = Policy(snapshot_to_proto(source)), Placer(source), ServingPolicy(source)

    for number in range(2000):
        unit = f"unit {number}"
        theirs = serving.answer(*placer.place(unit, "view"))
        ours = policy.place(unit, "view")
        assert (ours.arm_id, ours.propensity, ours.reason, ours.counts) == (
            theirs.arm_id,
            theirs.propensity,
            theirs.reason,
            theirs.counts,
        )


@pytest.mark.parametrize("state", [ExperimentState.PAUSED, ExperimentState.STOPPED])
def test_place_when_not_running_then_everybody_gets_the_default_arm_and_nobody_counts(state: ExperimentState) -> None:
    policy = Policy(snapshot_to_proto(replace(snapshot(state=state), default_arm=1)))

    answers = {policy.place(f"unit {number}") for number in range(50)}

    assert answers == {("arm-1", 1.0, state.value, False)}


def test_place_when_the_control_is_served_then_everybody_gets_it_and_no_context_is_needed() -> None:
    source = message()
    source.state, source.default_arm, source.control_served = common_pb2.EXPERIMENT_STATE_STOPPED, 1, True
    source.contextual_model.row_count = 1
    policy = Policy(source)

    assert {policy.place(f"unit {number}") for number in range(50)} == {("arm-0", 1.0, "CONTROL_SERVED", False)}
    assert (policy.needs_context, policy.version, policy.answer_version) == (False, 1, -1)


def changed(change: Callable[[pb.PolicySnapshot], object]) -> pb.PolicySnapshot:
    """Returns a good snapshot, spoiled."""
    spoiled = message()
    change(spoiled)
    return spoiled


def starts(*values: int) -> pb.PolicySnapshot:
    """Returns a snapshot with segments that start there."""
    spoiled = message()
    spoiled.segment_starts[:] = values
    return spoiled


def analysis(**changes: Any) -> pb.PolicySnapshot:
    """Returns a snapshot with an analysis split, spoiled."""
    spoiled = message()
    good: dict[str, Any] = {"share": 0.5, "segment_starts": [0], "segment_arms": [0]}
    spoiled.analysis_split.CopyFrom(pb.AnalysisSplit(**(good | changes)))
    return spoiled


def without_control() -> pb.PolicySnapshot:
    """Returns a snapshot that serves a control that it does not have."""
    spoiled = message()
    spoiled.control_served, spoiled.arms[0].control = True, False
    return spoiled


@pytest.mark.parametrize(
    ("spoiled", "fault"),
    [
        (pb.PolicySnapshot(), "names no experiment"),
        (changed(lambda one: setattr(one, "policy_version", 0)), "names no experiment"),
        (changed(lambda one: setattr(one, "state", common_pb2.EXPERIMENT_STATE_DRAFT)), "state is unknown"),
        (changed(lambda one: setattr(one, "state", 77)), "state is unknown"),
        (changed(lambda one: setattr(one, "default_arm", 2)), "default arm"),
        (changed(lambda one: setattr(one, "default_arm", -1)), "default arm"),
        (changed(lambda one: setattr(one, "traffic_share", 0.0)), "shares"),
        (changed(lambda one: setattr(one, "traffic_share", float("nan"))), "shares"),
        (changed(lambda one: setattr(one, "holdout_share", 1.0)), "shares"),
        (changed(lambda one: one.segment_arms.__setitem__(0, 2)), "segments are not those"),
        (changed(lambda one: one.segment_arms.append(0)), "segments are not those"),
        (analysis(share=0.0), "analysis split's share"),
        (analysis(share=1.0), "analysis split's share"),
        (analysis(segment_starts=[1]), "analysis split's segments do not cut"),
        (analysis(segment_arms=[2]), "analysis split's segments are not those"),
        (analysis(segment_arms=[0, 1]), "analysis split's segments are not those"),
        (starts(), "do not cut"),
        (starts(1, 5), "do not cut"),
        (starts(0, 0), "do not cut"),
        (starts(0, 2**32), "do not cut"),
        (without_control(), "control is missing"),
    ],
)
def test_policy_when_the_snapshot_makes_no_sense_then_is_refused(spoiled: pb.PolicySnapshot, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Policy(spoiled)


@pytest.mark.parametrize(
    ("version", "later", "newer"),
    [(4, timedelta(0), True), (3, timedelta(0), False), (2, timedelta(0), False), (1, timedelta(days=1), True)],
)
def test_newer_when_the_version_is_higher_or_the_store_was_set_up_anew_then_takes_over(
    version: int, later: timedelta, *, newer: bool
) -> None:
    held = Policy(snapshot_to_proto(snapshot(version=3)))
    other = Policy(snapshot_to_proto(snapshot(version=version, later=later)))

    assert other.is_newer_than(held) is newer
    assert other.is_newer_than(None)


@pytest.mark.parametrize(("version", "newer"), [(4, True), (3, True), (2, False)])
@pytest.mark.parametrize("served", [True, False])
def test_newer_when_the_control_is_served_or_no_more_then_the_same_version_takes_over(
    version: int, *, newer: bool, served: bool
) -> None:
    held = Policy(snapshot_to_proto(replace(snapshot(version=3), control_served=not served)))
    other = Policy(snapshot_to_proto(replace(snapshot(version=version), control_served=served)))

    assert other.is_newer_than(held) is newer
    assert not held.is_newer_than(held)
