"""Freeze and Unfreeze."""

import grpc

from experimentation.v1 import bandit_service_pb2 as pb
from shared.errors import Reason
from tests.bandit.conftest import World, refusal
from tests.bandit.rpc.calls import INVALID_FIELD, allocate, counted


def test_freeze_when_data_come_in_then_weights_stay_until_unfreeze(world: World) -> None:
    request = pb.FreezeRequest(experiment_id="checkout", reason="numbers look odd", request_id="r1")
    frozen = world.stub.Freeze(request).learning_switch
    assert (frozen.frozen, frozen.reason, frozen.actor) == (True, "numbers look odd", "ada")
    assert world.stub.Freeze(request).learning_switch == frozen
    world.learn()
    for unit in range(100):
        answer = allocate(world, f"u{unit}")
        row = pb.Outcome(event_id="e", token=answer.token, metric_id="paid", value=answer.arm_id == "blue")
        world.stub.RecordOutcomes(pb.RecordOutcomesRequest(outcomes=[row]))
    assert counted(world)[0] == 100
    bandit = world.stub.GetBandit(pb.GetBanditRequest(experiment_id="checkout")).bandit
    assert bandit.snapshot.frozen
    assert {arm.weight for arm in bandit.arms} == {0.5}

    world.stub.Unfreeze(pb.UnfreezeRequest(experiment_id="checkout", reason="they were right"))
    world.learn()

    bandit = world.stub.GetBandit(pb.GetBanditRequest(experiment_id="checkout")).bandit
    assert not bandit.snapshot.frozen
    assert bandit.arms[1].weight > 0.9


def test_freeze_when_the_request_id_was_used_for_something_else_then_is_refused(world: World) -> None:
    world.stub.Freeze(pb.FreezeRequest(experiment_id="checkout", reason="a", request_id="r"))

    refused = refusal(world.stub.Freeze, pb.FreezeRequest(experiment_id="half", reason="a", request_id="r"))

    assert refused[:2] == (grpc.StatusCode.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED)


def test_freeze_when_no_reason_is_given_then_is_refused(world: World) -> None:
    assert refusal(world.stub.Freeze, pb.FreezeRequest(experiment_id="checkout")) == (*INVALID_FIELD, ["reason"])
