"""Calls as their callers see them: answers, errors, request ids, limits."""

from typing import Any

import grpc
import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import bandit_service_pb2_grpc
from shared import errors, log
from shared.errors import Reason
from shared.rpc import client, status
from shared.rpc.calls import REQUEST_ID_KEY
from shared.rpc.options import ServerOptions
from shared.rpc.pools import Pool
from tests.shared.rpc.conftest import Serve, allocate, handled

WAIT_SECONDS = 5.0
ALLOCATE = "experimentation.v1.BanditService/Allocate"
FAST = {"Allocate": Pool.FAST}


def failing(error: BaseException) -> Any:
    def behaviour(request: Any, context: grpc.ServicerContext) -> Any:
        raise error

    return behaviour


def test_call_when_it_succeeds_then_is_answered_and_counted(serve: Serve) -> None:
    served = serve({"Allocate": allocate}, pools=FAST)

    response = client.call(served.stub.Allocate, pb.AllocateRequest(unit_id="u"), timeout_seconds=WAIT_SECONDS)

    assert response.allocation.arm_id == "u"
    assert handled(served, ALLOCATE, "OK") == 1


def test_call_when_the_platform_refuses_then_code_reason_and_metadata_arrive(serve: Serve) -> None:
    served = serve({"Allocate": failing(errors.experiment_not_found("x"))}, pools=FAST)

    with pytest.raises(grpc.RpcError) as raised:
        served.stub.Allocate(pb.AllocateRequest())

    arrived = status.from_rpc_error(raised.value)
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    assert (arrived.reason, arrived.metadata) == (Reason.EXPERIMENT_NOT_FOUND, {"experiment_id": "x"})
    assert handled(served, ALLOCATE, "NOT_FOUND") == 1


@pytest.mark.parametrize("defect", [ValueError("the password is hush"), SystemExit("hush")])
def test_call_when_the_handler_has_a_defect_then_tells_the_id_and_no_internals(
    serve: Serve, caplog: pytest.LogCaptureFixture, defect: BaseException
) -> None:
    served = serve({"Allocate": failing(defect)}, pools=FAST)

    with pytest.raises(errors.Internal) as raised:
        client.call(served.stub.Allocate, pb.AllocateRequest(), timeout_seconds=WAIT_SECONDS)

    assert (raised.value.reason, raised.value.metadata) == (Reason.INTERNAL, {"request_id": "req_made"})
    assert "hush" not in raised.value.message
    assert "hush" in caplog.text
    assert handled(served, ALLOCATE, "INTERNAL") == 1


def test_call_when_the_caller_sends_a_request_id_then_the_defect_has_it(serve: Serve) -> None:
    served = serve({"Allocate": failing(ValueError())})

    with pytest.raises(grpc.RpcError) as raised:
        served.stub.Allocate(pb.AllocateRequest(), metadata=((REQUEST_ID_KEY, "caller-7"),))

    assert status.from_rpc_error(raised.value).metadata == {"request_id": "caller-7"}


def test_call_when_the_request_id_is_too_long_then_another_is_made(serve: Serve) -> None:
    served = serve({"Allocate": failing(ValueError())})

    with pytest.raises(grpc.RpcError) as raised:
        served.stub.Allocate(pb.AllocateRequest(), metadata=((REQUEST_ID_KEY, "x" * 129),))

    assert status.from_rpc_error(raised.value).metadata == {"request_id": "req_made"}


def test_handler_when_it_asks_then_knows_the_request_id(serve: Serve) -> None:
    seen: list[str | None] = []

    def note(request: pb.AllocateRequest, context: grpc.ServicerContext) -> pb.AllocateResponse:
        seen.append(log.request_id())
        return pb.AllocateResponse()

    served = serve({"Allocate": note})

    served.stub.Allocate(pb.AllocateRequest(), metadata=((REQUEST_ID_KEY, "caller-7"),))

    assert seen == ["caller-7"]


def test_handler_when_it_asks_then_knows_how_long_the_caller_waits(serve: Serve) -> None:
    seen: list[float] = []

    def note(request: pb.AllocateRequest, context: grpc.ServicerContext) -> pb.AllocateResponse:
        seen.append(context.time_remaining())
        return pb.AllocateResponse()

    served = serve({"Allocate": note})

    served.stub.Allocate(pb.AllocateRequest(), timeout=100)
    served.stub.Allocate(pb.AllocateRequest())

    # gRPC's clock and the machine's may differ by a second or two.
    assert 90 < seen[0] < 110
    assert seen[1] > 1e6


def test_call_when_its_message_is_broken_then_is_invalid(serve: Serve) -> None:
    served = serve({"Allocate": allocate})
    raw: grpc.UnaryUnaryMultiCallable[bytes, bytes] = served.channel.unary_unary(f"/{ALLOCATE}")

    with pytest.raises(errors.InvalidArgument) as raised:
        client.call(raw, b"\xff\xff", timeout_seconds=WAIT_SECONDS)

    assert raised.value.reason is Reason.INVALID_FIELD


def test_call_when_validated_then_rules_of_the_proto_hold(serve: Serve) -> None:
    served = serve({"Allocate": allocate, "BatchAllocate": allocate}, validate={"Allocate"})

    with pytest.raises(errors.InvalidArgument) as raised:
        client.call(served.stub.Allocate, pb.AllocateRequest(unit_id="u"), timeout_seconds=WAIT_SECONDS)

    assert raised.value.reason is Reason.INVALID_FIELD
    assert [violation.field for violation in raised.value.violations] == ["experiment_id"]


def test_call_when_its_method_is_not_validated_then_runs_as_it_is(serve: Serve) -> None:
    served = serve({"Allocate": allocate}, validate={"BatchAllocate"})

    assert served.stub.Allocate(pb.AllocateRequest()) == pb.AllocateResponse(allocation=pb.Allocation())


def test_error_when_ten_thousand_rows_are_bad_then_still_arrives(serve: Serve) -> None:
    violations = [errors.FieldViolation(f"outcomes[{i}].value", "must be finite " * 9) for i in range(10_000)]
    error = errors.InvalidArgument(Reason.ALL_ROWS_REJECTED, "é" * 5000, violations=violations)
    served = serve({"RecordOutcomes": failing(error)})

    with pytest.raises(errors.InvalidArgument) as raised:
        client.call(served.stub.RecordOutcomes, pb.RecordOutcomesRequest(), timeout_seconds=WAIT_SECONDS)

    assert raised.value.reason is Reason.ALL_ROWS_REJECTED


@pytest.mark.parametrize("size", [4096, 5 * 1024 * 1024])
def test_request_when_over_the_limit_then_grpc_refuses_it(serve: Serve, size: int) -> None:
    served = serve({"Allocate": allocate}, options=ServerOptions(max_message_bytes=4096))
    channel = grpc.insecure_channel(served.address)
    stub = bandit_service_pb2_grpc.BanditServiceStub(channel)

    with channel, pytest.raises(grpc.RpcError) as raised:
        stub.Allocate(pb.AllocateRequest(unit_id="u" * size), timeout=WAIT_SECONDS)

    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert status.from_rpc_error(raised.value).reason is Reason.LIMIT_EXCEEDED
    assert handled(served, ALLOCATE, "OK") is None


def test_response_when_over_the_limit_then_grpc_refuses_it(serve: Serve) -> None:
    def large(request: pb.AllocateRequest, context: grpc.ServicerContext) -> pb.AllocateResponse:
        return pb.AllocateResponse(allocation=pb.Allocation(arm_id="a" * 5000))

    served = serve({"Allocate": large}, options=ServerOptions(max_message_bytes=4096))

    with pytest.raises(errors.ResourceExhausted) as raised:
        client.call(served.stub.Allocate, pb.AllocateRequest(), timeout_seconds=WAIT_SECONDS)

    assert raised.value.reason is Reason.LIMIT_EXCEEDED
