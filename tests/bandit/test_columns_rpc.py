"""BatchAllocateColumns as its clients see it: a real replica, generated stubs, packed bytes."""

from collections import Counter
from dataclasses import replace
from itertools import accumulate

import grpc
import numpy as np
import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from shared.definition.model import ExperimentState
from shared.errors import Reason
from tests.bandit.conftest import CHECKOUT, World, refusal

INVALID_FIELD = (grpc.StatusCode.INVALID_ARGUMENT, Reason.INVALID_FIELD)
IDS = [f"visitor {number} ß" for number in range(100)] + [f"visitor-{number}" for number in range(100)]
HASHES = [0, 2**64 - 1, *np.random.default_rng(3).integers(0, 2**64, 200, dtype=np.uint64).tolist()]


def offsets(*numbers: int) -> bytes:
    return np.array(numbers, "<i4").tobytes()


def column(*ids: str) -> pb.UnitIdColumn:
    encoded = [one.encode() for one in ids]
    return pb.UnitIdColumn(data=b"".join(encoded), offsets=offsets(0, *accumulate(map(len, encoded))))


def of_ids(experiment_id: str, *ids: str) -> pb.BatchAllocateColumnsRequest:
    return pb.BatchAllocateColumnsRequest(experiment_id=experiment_id, unit_ids=column(*ids))


def of_hashes(experiment_id: str, *hashes: int) -> pb.BatchAllocateColumnsRequest:
    packed = np.array(hashes, "<u8").tobytes()
    return pb.BatchAllocateColumnsRequest(experiment_id=experiment_id, unit_hashes=packed)


def of_bytes(data: bytes, packed_offsets: bytes) -> pb.BatchAllocateColumnsRequest:
    units = pb.UnitIdColumn(data=data, offsets=packed_offsets)
    return pb.BatchAllocateColumnsRequest(experiment_id="checkout", unit_ids=units)


BAD_REQUESTS = [
    (of_ids("page-views", "u"), ["experiment_id"]),
    (of_hashes("page-views", 1), ["experiment_id"]),
    (pb.BatchAllocateColumnsRequest(experiment_id="checkout"), ["units"]),
    (of_hashes("checkout"), ["unit_hashes"]),
    (pb.BatchAllocateColumnsRequest(experiment_id="checkout", unit_hashes=b"1234567"), ["unit_hashes"]),
    (of_ids("checkout"), ["unit_ids"]),
    (of_bytes(b"", b""), ["unit_ids.offsets"]),
    (of_bytes(b"ab", b"\0\0\0\0\2\0\0"), ["unit_ids.offsets"]),
    (of_bytes(b"ab", offsets(1, 2)), ["unit_ids.offsets"]),
    (of_bytes(b"ab", offsets(0, 2, 1, 2)), ["unit_ids.offsets"]),
    (of_bytes(b"ab", offsets(0, 1)), ["unit_ids.offsets"]),
    (of_bytes(b"ab", offsets(0, 3)), ["unit_ids.offsets"]),
    (of_bytes(b"u" * 500_001, offsets(*range(500_002))), ["unit_ids"]),
    (of_ids("checkout", "good", "", "a\nb", "x" * 257), [f"unit_ids[{row}]" for row in (1, 2, 3)]),
    (of_ids("checkout", *[""] * 50), [f"unit_ids[{row}]" for row in range(10)]),
    (of_bytes(b"a\xff", offsets(0, 1, 2)), ["unit_ids[1]"]),
    (of_bytes(b"a\xc3\xbc", offsets(0, 2, 3)), ["unit_ids[0]", "unit_ids[1]"]),
    (of_bytes(b"a\x7f", offsets(0, 1, 2)), ["unit_ids[1]"]),
]


def answers(response: pb.BatchAllocateColumnsResponse) -> list[tuple[str, float, int]]:
    """Returns what Allocate would say of each unit: arm, propensity, reason."""
    return [
        (
            response.arms[arm].arm_id,
            response.arms[arm].weight if reason == pb.ALLOCATION_REASON_SPLIT else 1.0,
            reason,
        )
        for arm, reason in zip(response.arm_indexes, response.reasons, strict=True)
    ]


def single_answers(world: World, experiment_id: str, unit_ids: list[str]) -> list[tuple[str, float, int]]:
    requests = (pb.AllocateRequest(experiment_id=experiment_id, unit_id=unit_id) for unit_id in unit_ids)
    singles = [world.stub.Allocate(request).allocation for request in requests]
    return [(single.arm_id, single.propensity, single.reason) for single in singles]


@pytest.mark.parametrize("experiment_id", ["checkout", "half"])
def test_columns_when_compared_with_allocate_then_ids_and_hashes_get_the_same(world: World, experiment_id: str) -> None:
    ids = world.stub.BatchAllocateColumns(of_ids(experiment_id, *IDS))
    hashes = world.stub.BatchAllocateColumns(of_hashes(experiment_id, *HASHES))

    assert answers(ids) == single_answers(world, experiment_id, IDS)
    assert answers(hashes) == single_answers(world, experiment_id, [f"{number:016x}" for number in HASHES])


def test_columns_when_answered_then_arms_version_and_freshness_are_said(world: World) -> None:
    response = world.stub.BatchAllocateColumns(of_hashes("checkout", 1))

    assert [(arm.arm_id, arm.weight, arm.control) for arm in response.arms] == [
        ("control", 0.5, True),
        ("blue", 0.5, False),
    ]
    assert (response.policy_version, response.freshness) == (1, pb.FRESHNESS_FRESH)
    assert not response.HasField("snapshot_age")


def test_columns_when_paused_or_stopped_then_one_arm_with_the_reason(world: World) -> None:
    world.apply(replace(CHECKOUT, revision=2, state=ExperimentState.PAUSED))
    world.wait_for_version("checkout", 2)
    paused = world.stub.BatchAllocateColumns(of_ids("checkout", *IDS))
    world.apply(replace(CHECKOUT, revision=3, state=ExperimentState.STOPPED, shipped_arm_id="blue"))
    world.wait_for_version("checkout", 3)
    stopped = world.stub.BatchAllocateColumns(of_ids("checkout", *IDS))

    assert Counter(answers(paused)) == {("control", 1.0, pb.ALLOCATION_REASON_PAUSED): 200}
    assert Counter(answers(stopped)) == {("blue", 1.0, pb.ALLOCATION_REASON_STOPPED): 200}


def test_columns_when_the_message_is_as_large_as_it_may_be_then_all_units_are_answered(world: World) -> None:
    request = pb.BatchAllocateColumnsRequest(experiment_id="checkout", unit_hashes=bytes(8 * 500_000))

    response = world.stub.BatchAllocateColumns(request)

    assert Counter(zip(response.arm_indexes, response.reasons, strict=True)).total() == 500_000
    assert len(set(response.arm_indexes)) == 1


def test_columns_when_the_request_is_bad_then_says_which_field(world: World) -> None:
    bad = [request for request, _ in BAD_REQUESTS]

    refused = [refusal(world.stub.BatchAllocateColumns, request) for request in bad]

    assert refused == [(*INVALID_FIELD, fields) for _, fields in BAD_REQUESTS]


@pytest.mark.parametrize("experiment_id", ["nowhere", ""])
def test_columns_when_the_experiment_is_unknown_then_not_found(world: World, experiment_id: str) -> None:
    refused = refusal(world.stub.BatchAllocateColumns, of_hashes(experiment_id, 1))

    assert refused == (grpc.StatusCode.NOT_FOUND, Reason.EXPERIMENT_NOT_FOUND, [])


def test_columns_when_the_message_is_over_the_limit_then_is_refused(world: World) -> None:
    request = pb.BatchAllocateColumnsRequest(experiment_id="checkout", unit_hashes=bytes(8 * 525_000))

    assert refusal(world.stub.BatchAllocateColumns, request)[:2] == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        Reason.LIMIT_EXCEEDED,
    )
