"""ServeControl and ServeArms: what units get, what is shown and streamed, and who follows."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from services.bandit.config import Config
from services.bandit.main import Replica
from shared.errors import Reason
from shared.rpc import client
from tests.bandit.conftest import CHECKOUT, World, refusal
from tests.bandit.rpc.calls import INVALID_FIELD, NOT_FOUND, allocate, counted
from tests.fakes import identity

SERVED = pb.ALLOCATION_REASON_CONTROL_SERVED
ASK = pb.ServeControlRequest(experiment_id="checkout", reason="blue is broken", request_id="r1")
UNDO = pb.ServeArmsRequest(experiment_id="checkout", reason="it is mended")


@pytest.fixture
def other(world: World, config: Config, tmp_path: Path) -> Iterator[BanditServiceStub]:
    """A client of a second replica, which has the same store and a disk of its own."""
    with ExitStack() as stack:
        replica = Replica(replace(config, state_directory=tmp_path / "other"))
        address = replica.start()["grpc"]
        stack.callback(replica.stop)
        yield BanditServiceStub(stack.enter_context(client.open_channel(address, token=identity.ADA)))


def follow(stub: BanditServiceStub) -> Iterator[bool]:
    """Yields whether the control is served, whenever the stream tells of the experiment."""
    for message in stub.WatchPolicies(pb.WatchPoliciesRequest(experiment_ids=["checkout"]), timeout=20):
        yield from (snapshot.control_served for snapshot in message.snapshots)


def shown(stub: BanditServiceStub) -> pb.Bandit:
    return stub.GetBandit(pb.GetBanditRequest(experiment_id="checkout")).bandit


def test_serve_control_when_asked_then_everybody_gets_it_at_once_until_the_arms_are_served_again(world: World) -> None:
    before = [allocate(world, f"u{number}").arm_id for number in range(50)]

    switched = world.stub.ServeControl(ASK).learning_switch
    during = [allocate(world, f"u{number}") for number in range(50)]

    assert (switched.experiment_id, switched.kind) == ("checkout", pb.LEARNING_SWITCH_KIND_SERVE_CONTROL)
    assert (switched.reason, switched.actor, switched.stored) == ("blue is broken", "ada", True)
    assert {(one.arm_id, one.propensity, one.reason, one.policy_version) for one in during} == {
        ("control", 1.0, SERVED, -1)
    }
    assert {one.exposure_state for one in during} == {pb.EXPOSURE_STATE_NOT_COUNTED}
    undone = world.stub.ServeArms(UNDO).learning_switch
    assert (undone.kind, undone.stored) == (pb.LEARNING_SWITCH_KIND_SERVE_ARMS, True)
    assert [allocate(world, f"u{number}").arm_id for number in range(50)] == before


def test_serve_control_when_repeated_then_the_same_answer(world: World) -> None:
    first = world.stub.ServeControl(ASK)

    assert world.stub.ServeControl(ASK) == first


def test_get_bandit_when_the_control_is_served_then_it_says_since_when_by_whom_and_why(world: World) -> None:
    assert not shown(world.stub).HasField("control_switch")

    switched = world.stub.ServeControl(ASK).learning_switch

    assert shown(world.stub).control_switch == switched
    assert shown(world.stub).snapshot.policy_version == 1
    world.stub.ServeArms(UNDO)
    assert not shown(world.stub).HasField("control_switch")


def test_watch_policies_when_the_control_is_served_then_the_version_comes_again_and_says_so(world: World) -> None:
    stream = follow(world.stub)
    assert not next(stream)

    world.stub.ServeControl(ASK)
    served = next(stream)
    world.stub.ServeArms(UNDO)

    assert (served, next(stream)) == (True, False)


def test_replica_when_another_one_is_asked_then_it_follows(world: World, other: BanditServiceStub) -> None:
    stream = follow(other)
    next(stream)

    switched = world.stub.ServeControl(ASK).learning_switch
    assert next(stream)

    assert shown(other).control_switch == switched
    answer = other.Allocate(pb.AllocateRequest(experiment_id="checkout", unit_id="u")).allocation
    assert (answer.arm_id, answer.reason) == ("control", SERVED)
    other.ServeArms(UNDO)
    assert next(served for served in follow(world.stub) if not served) is False


def test_replica_when_it_starts_later_then_it_serves_the_control_too(
    world: World, request: pytest.FixtureRequest
) -> None:
    world.stub.ServeControl(ASK)

    late: BanditServiceStub = request.getfixturevalue("other")

    assert next(served for served in follow(late) if served)


def test_exposures_when_the_control_is_served_then_nobody_counts_whoever_is_recorded(world: World) -> None:
    allocate(world, "before")
    world.stub.ServeControl(ASK)
    units = [f"u{number}" for number in range(20)]
    batch = world.stub.BatchAllocate(pb.BatchAllocateRequest(experiment_id="checkout", unit_ids=units))

    rows = [pb.Exposure(experiment_id="checkout", unit_id=unit, policy_version=batch.policy_version) for unit in units]
    receipt = world.stub.RecordExposure(pb.RecordExposureRequest(exposures=rows))

    assert (receipt.accepted_count, len(receipt.rejections)) == (20, 0)
    assert counted(world) == (1, 0.0)


def test_freeze_when_the_control_is_served_and_not_any_more_then_it_stays(world: World) -> None:
    world.stub.Freeze(pb.FreezeRequest(experiment_id="checkout", reason="numbers look odd"))
    world.stub.ServeControl(ASK)
    world.stub.ServeArms(UNDO)

    world.learn()

    assert shown(world.stub).snapshot.frozen
    world.apply(replace(CHECKOUT, revision=2))
    assert shown(world.stub).snapshot.frozen


REFUSED: list[tuple[dict[str, str], tuple[grpc.StatusCode, Reason, list[str]]]] = [
    ({"reason": ""}, (*INVALID_FIELD, ["reason"])),
    ({"reason": "x" * 2001}, (*INVALID_FIELD, ["reason"])),
    ({"reason": "a\0b"}, (*INVALID_FIELD, ["reason"])),
    ({"experiment_id": ""}, (*INVALID_FIELD, ["experiment_id"])),
    ({"request_id": "x" * 65}, (*INVALID_FIELD, ["request_id"])),
    ({"experiment_id": "nothing"}, NOT_FOUND),
]


def test_switches_when_a_request_is_bad_then_it_is_refused(world: World) -> None:
    for fields, refused in REFUSED:
        asked = {"experiment_id": "checkout", "reason": "odd"} | fields
        assert refusal(world.stub.ServeControl, pb.ServeControlRequest(**asked)) == refused
        assert refusal(world.stub.ServeArms, pb.ServeArmsRequest(**asked)) == refused
    assert allocate(world, "u").reason == pb.ALLOCATION_REASON_SPLIT


def test_switches_when_the_request_id_was_used_for_something_else_then_it_is_refused(world: World) -> None:
    world.stub.Freeze(pb.FreezeRequest(experiment_id="checkout", reason="blue is broken", request_id="r1"))

    assert refusal(world.stub.ServeControl, ASK)[:2] == (grpc.StatusCode.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED)
    assert allocate(world, "u").reason == pb.ALLOCATION_REASON_SPLIT


def test_serve_control_when_somebody_asks_then_only_who_may_halt_experiments_is_heard(world: World) -> None:
    denied = (grpc.StatusCode.PERMISSION_DENIED, Reason.PERMISSION_DENIED)
    for principal_id in ("vic", "service", "agent"):
        with client.open_channel(world.address, token=identity.secret(principal_id)) as channel:
            stub = BanditServiceStub(channel)
            assert refusal(stub.ServeControl, ASK)[:2] == refusal(stub.ServeArms, UNDO)[:2] == denied
    assert allocate(world, "u").reason == pb.ALLOCATION_REASON_SPLIT

    for principal_id in ("ann", "rob"):
        with client.open_channel(world.address, token=identity.secret(principal_id)) as channel:
            request = pb.ServeControlRequest(experiment_id="checkout", reason="blue is broken")
            assert BanditServiceStub(channel).ServeControl(request).learning_switch.actor == principal_id
