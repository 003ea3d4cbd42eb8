"""Allocate and AllocateAll: weights, traffic, states, refusals."""

from collections import Counter
from dataclasses import replace

import grpc
import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from shared.definition.model import ExperimentState
from shared.errors import Reason
from tests.bandit.conftest import CHECKOUT, World, refusal
from tests.bandit.rpc.calls import INVALID_FIELD, NOT_FOUND, allocate


def test_allocate_when_asked_twice_then_answers_the_same_with_its_weight(world: World) -> None:
    first, second = allocate(world, "u1"), allocate(world, "u1")

    assert (first.arm_id, first.policy_version) == (second.arm_id, second.policy_version)
    assert first.propensity == 0.5
    assert first.reason == pb.ALLOCATION_REASON_SPLIT
    assert first.freshness == pb.FRESHNESS_FRESH
    assert first.exposure_state == pb.EXPOSURE_STATE_RECORDED


def test_allocate_when_units_are_many_then_traffic_and_holdout_are_kept(world: World) -> None:
    answers = [allocate(world, f"u{unit}", "half") for unit in range(300)]

    reasons = Counter(answer.reason for answer in answers)
    assert 100 < reasons[pb.ALLOCATION_REASON_SPLIT] < 200
    assert 30 < reasons[pb.ALLOCATION_REASON_HOLDOUT] < 90
    assert {a.arm_id for a in answers if a.reason != pb.ALLOCATION_REASON_SPLIT} == {"control"}


@pytest.mark.parametrize(
    ("request_fields", "wanted"),
    [
        ({"experiment_id": "nowhere", "unit_id": "u"}, NOT_FOUND),
        ({"experiment_id": "", "unit_id": "u"}, NOT_FOUND),
        ({"experiment_id": "checkout", "unit_id": ""}, (*INVALID_FIELD, ["unit_id"])),
        ({"experiment_id": "checkout", "unit_id": "x" * 257}, (*INVALID_FIELD, ["unit_id"])),
        ({"experiment_id": "checkout", "unit_id": "ü" * 129}, (*INVALID_FIELD, ["unit_id"])),
        ({"experiment_id": "checkout", "unit_id": "a\tb"}, (*INVALID_FIELD, ["unit_id"])),
        (
            {"experiment_id": "checkout", "unit_id": "u", "previous_token": b"forged"},
            (grpc.StatusCode.INVALID_ARGUMENT, Reason.INVALID_TOKEN, []),
        ),
    ],
)
def test_allocate_when_the_request_is_bad_then_says_why(
    world: World, request_fields: dict[str, object], wanted: tuple[object, ...]
) -> None:
    assert refusal(world.stub.Allocate, pb.AllocateRequest(**request_fields)) == wanted  # type: ignore[arg-type]


def test_allocate_when_the_token_is_of_another_unit_then_is_refused(world: World) -> None:
    token = allocate(world, "somebody").token

    request = pb.AllocateRequest(experiment_id="checkout", unit_id="somebody else", previous_token=token)

    assert refusal(world.stub.Allocate, request) == (*INVALID_FIELD, ["previous_token"])


def test_allocate_all_when_no_experiment_is_named_then_answers_for_all_that_run(world: World) -> None:
    answers = world.stub.AllocateAll(pb.AllocateAllRequest(unit_id="u")).allocations

    assert [answer.experiment_id for answer in answers] == ["checkout", "half", "page-views"]
    assert {answer.exposure_state for answer in answers} <= {
        pb.EXPOSURE_STATE_DEFERRED,
        pb.EXPOSURE_STATE_NOT_COUNTED,
    }


def test_allocate_all_when_one_that_is_named_is_unknown_then_fails(world: World) -> None:
    request = pb.AllocateAllRequest(unit_id="u", experiment_ids=["checkout", "nowhere"])

    assert refusal(world.stub.AllocateAll, request) == NOT_FOUND


def test_allocate_when_paused_or_stopped_then_serves_one_arm_that_does_not_count(world: World) -> None:
    world.apply(replace(CHECKOUT, revision=2, state=ExperimentState.PAUSED))
    world.wait_for_version("checkout", 2)
    paused = [allocate(world, f"u{unit}") for unit in range(20)]
    world.apply(replace(CHECKOUT, revision=3, state=ExperimentState.STOPPED, shipped_arm_id="blue"))
    world.wait_for_version("checkout", 3)
    stopped = [allocate(world, f"u{unit}") for unit in range(20)]

    assert {(a.arm_id, a.reason, a.propensity) for a in paused} == {("control", pb.ALLOCATION_REASON_PAUSED, 1.0)}
    assert {(a.arm_id, a.reason, a.propensity) for a in stopped} == {("blue", pb.ALLOCATION_REASON_STOPPED, 1.0)}
    assert {a.exposure_state for a in [*paused, *stopped]} == {pb.EXPOSURE_STATE_NOT_COUNTED}
