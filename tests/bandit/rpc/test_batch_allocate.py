"""BatchAllocate: columns as Allocate answers, refusals, limits."""

import grpc
import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from shared.errors import Reason
from tests.bandit.conftest import World, refusal
from tests.bandit.rpc.calls import INVALID_FIELD, allocate


def test_batch_allocate_when_compared_with_allocate_then_is_the_same(world: World) -> None:
    unit_ids = [f"visitor {unit} ß" for unit in range(200)]
    batch = world.stub.BatchAllocate(
        pb.BatchAllocateRequest(experiment_id="half", unit_ids=unit_ids, include_tokens=True)
    )

    singles = [allocate(world, unit_id, "half") for unit_id in unit_ids]

    assert [batch.arm_ids[index] for index in batch.arm_indexes] == [single.arm_id for single in singles]
    assert list(batch.propensities) == [single.propensity for single in singles]
    assert list(batch.reasons) == [single.reason for single in singles]
    assert len(batch.tokens) == 200


def test_batch_allocate_when_some_ids_are_bad_then_names_each(world: World) -> None:
    request = pb.BatchAllocateRequest(experiment_id="checkout", unit_ids=["good", "", "a\nb"])

    assert refusal(world.stub.BatchAllocate, request) == (*INVALID_FIELD, ["unit_ids[1]", "unit_ids[2]"])


@pytest.mark.parametrize("count", [0, 10_001])
def test_batch_allocate_when_the_batch_has_a_wrong_size_then_is_refused(world: World, count: int) -> None:
    request = pb.BatchAllocateRequest(experiment_id="checkout", unit_ids=["u"] * count)

    assert refusal(world.stub.BatchAllocate, request) == (*INVALID_FIELD, ["unit_ids"])


def test_any_call_when_the_message_is_over_the_limit_then_is_refused(world: World) -> None:
    request = pb.BatchAllocateRequest(experiment_id="checkout", unit_ids=["u" * 255] * 20_000)

    assert refusal(world.stub.BatchAllocate, request)[:2] == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        Reason.LIMIT_EXCEEDED,
    )
