"""Errors to statuses and back."""

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from experimentation.v1 import error_reason_pb2
from shared import errors
from shared.errors import FieldViolation, Kind, Reason
from shared.rpc import status

ERRORS = (
    errors.InvalidArgument,
    errors.Unauthenticated,
    errors.PermissionDenied,
    errors.NotFound,
    errors.AlreadyExists,
    errors.FailedPrecondition,
    errors.Aborted,
    errors.ResourceExhausted,
    errors.Unavailable,
    errors.DeadlineExceeded,
    errors.Internal,
)
# What gRPC clients accept of trailers unless they are told otherwise.
SOFT_LIMIT_BYTES = 8192


class RpcError(grpc.RpcError):
    """Is what a stub raises for the status."""

    def __init__(self, code: grpc.StatusCode, details: str, trailers: Any = ()) -> None:
        super().__init__()
        self._status = (code, details, trailers)

    def code(self) -> grpc.StatusCode:
        return self._status[0]

    def details(self) -> str:
        return self._status[1]

    def trailing_metadata(self) -> Any:
        return self._status[2]


def over_the_wire(error: errors.PlatformError) -> errors.PlatformError:
    sent = status.to_status(error)
    return status.from_rpc_error(RpcError(sent.code, sent.details, sent.trailing_metadata))


def rich(error: errors.PlatformError) -> status_pb2.Status:
    return status_pb2.Status.FromString(dict(status.to_status(error).trailing_metadata)[status.DETAILS_KEY])


def test_reasons_when_compared_then_are_those_of_the_proto() -> None:
    prefix = "ERROR_REASON_"
    in_proto = {name.removeprefix(prefix) for name in error_reason_pb2.ErrorReason.keys()}  # noqa: SIM118  # no mapping

    assert in_proto - {"UNSPECIFIED"} == set(Reason.__members__)


def test_codes_when_compared_then_have_every_kind_once() -> None:
    assert set(status.CODES) == set(Kind)
    assert len(set(status.CODES.values())) == len(Kind)
    assert {error.kind for error in ERRORS} == set(Kind)


@pytest.mark.parametrize("error_class", ERRORS)
def test_error_when_sent_then_arrives_the_same(error_class: type[errors.PlatformError]) -> None:
    sent = error_class(
        Reason.ETAG_MISMATCH,
        "the etag is old: é",
        metadata={"etag": "x"},
        violations=[FieldViolation("arms[2].arm_id", "is taken")],
        retry_after_seconds=1.25,
    )

    arrived = over_the_wire(sent)

    assert type(arrived) is error_class
    assert vars(arrived) == vars(sent)


def test_status_when_made_then_has_exactly_one_error_info() -> None:
    infos = [
        part
        for part in rich(errors.experiment_not_found("x")).details
        if part.Is(error_details_pb2.ErrorInfo.DESCRIPTOR)
    ]

    info = error_details_pb2.ErrorInfo()
    infos[0].Unpack(info)
    assert len(infos) == 1
    assert (info.reason, info.domain, dict(info.metadata)) == (
        "EXPERIMENT_NOT_FOUND",
        "experimentation",
        {"experiment_id": "x"},
    )


def test_status_when_a_retry_is_known_then_pushes_back_in_milliseconds() -> None:
    sent = status.to_status(errors.Unavailable(Reason.OVERLOADED, "busy", retry_after_seconds=0.0501))

    assert dict(sent.trailing_metadata)[status.PUSHBACK_KEY] == "51"


def test_status_when_no_retry_is_known_then_does_not_push_back() -> None:
    assert [key for key, _ in status.to_status(errors.experiment_not_found("x")).trailing_metadata] == [
        status.DETAILS_KEY
    ]


def test_status_when_violations_do_not_fit_then_counts_the_rest() -> None:
    violations = [FieldViolation(f"outcomes[{i}].value", "must be finite") for i in range(10_000)]

    arrived = over_the_wire(errors.invalid_fields(violations))

    kept = arrived.violations[:-1]
    assert kept == tuple(violations[: len(kept)])
    assert arrived.violations[-1].description == f"{10_000 - len(kept)} more fields are at fault"
    assert len(kept) > 10


@given(st.text(st.characters(), max_size=3000), st.lists(st.text(st.characters(), max_size=400), max_size=200))
def test_status_when_texts_are_anything_then_fits_what_clients_accept(message: str, texts: list[str]) -> None:
    error = errors.InvalidArgument(
        Reason.INVALID_FIELD, message, violations=[FieldViolation(text, text) for text in texts]
    )

    sent = status.to_status(error)

    percent_encoded = 3 * len(sent.details.encode())
    base64 = sum(len(key) + 4 * len(value) / 3 for key, value in sent.trailing_metadata)
    assert base64 + percent_encoded < 2 * SOFT_LIMIT_BYTES
    assert len(sent.details) <= status.MAX_MESSAGE_CHARACTERS


@pytest.mark.parametrize(
    ("code", "error_class", "reason"),
    [
        (grpc.StatusCode.UNAVAILABLE, errors.Unavailable, Reason.DRAINING),
        (grpc.StatusCode.CANCELLED, errors.Unavailable, Reason.DRAINING),
        (grpc.StatusCode.DEADLINE_EXCEEDED, errors.DeadlineExceeded, Reason.DEADLINE_EXCEEDED),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, errors.ResourceExhausted, Reason.LIMIT_EXCEEDED),
        (grpc.StatusCode.UNIMPLEMENTED, errors.Internal, Reason.INTERNAL),
        (grpc.StatusCode.NOT_FOUND, errors.Internal, Reason.INTERNAL),
    ],
)
def test_rpc_error_when_grpc_itself_made_it_then_gets_the_nearest_reason(
    code: grpc.StatusCode, error_class: type[errors.PlatformError], reason: Reason
) -> None:
    arrived = status.from_rpc_error(RpcError(code, "failed to connect"))

    assert (type(arrived), arrived.reason) == (error_class, reason)
    assert arrived.message == f"{code.name}: failed to connect"


def test_rpc_error_when_its_details_are_broken_then_is_read_without_them() -> None:
    broken = RpcError(grpc.StatusCode.UNAVAILABLE, "busy", ((status.DETAILS_KEY, b"\xff\xff"),))

    assert status.from_rpc_error(broken).reason is Reason.DRAINING


def test_rpc_error_when_its_reason_is_of_a_newer_server_then_keeps_kind_and_name() -> None:
    newer = rich(errors.NotFound(Reason.EXPERIMENT_NOT_FOUND, "gone", metadata={"design_id": "d"}))
    info = error_details_pb2.ErrorInfo(
        reason="REASON_OF_A_NEWER_SERVER", domain="experimentation", metadata={"design_id": "d"}
    )
    newer.details[0].Pack(info)

    arrived = status.from_rpc_error(
        RpcError(grpc.StatusCode.NOT_FOUND, "gone", ((status.DETAILS_KEY, newer.SerializeToString()),))
    )

    assert (type(arrived), arrived.reason) == (errors.NotFound, Reason.INTERNAL)
    assert arrived.metadata == {"design_id": "d", "reason": "REASON_OF_A_NEWER_SERVER"}
