"""What a failed call says: the reason, the rows at fault, and when to try again."""

import re
from typing import Any, Final, NamedTuple

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

DOMAIN: Final = "experimentation"
DETAILS_KEY: Final = "grpc-status-details-bin"

_row_path = re.compile(r"\w+\[(\d+)\]\.?(.*)").fullmatch


class RowFault(NamedTuple):
    """Names a row of the request, by its position from 0, and what is wrong with it."""

    position: int
    reason: str
    message: str
    field: str


class Failure(NamedTuple):
    """Is a failed call.

    Attributes:
        code: gRPC's code.
        reason: The ErrorReason without its prefix; empty where the server gave none.
        message: For people.
        rows: The rows at fault that are named, which need not be all.
        retry_after_seconds: The pause that the server asks for; 0 where it asks for none.
    """

    code: grpc.StatusCode
    reason: str
    message: str
    rows: tuple[RowFault, ...]
    retry_after_seconds: float


UNHEARD: Final = Failure(grpc.StatusCode.UNKNOWN, "", "the stream ended", (), 0.0)
"""Is a stream that ended without an error."""


def failure_of(error: grpc.RpcError) -> Failure:
    """Returns what the error of a call says."""
    rich = _rich(error)
    info = _first(rich, error_details_pb2.ErrorInfo)
    bad = _first(rich, error_details_pb2.BadRequest)
    retry = _first(rich, error_details_pb2.RetryInfo)
    faults = [_fault(violation.field, violation.description) for violation in bad.field_violations] if bad else []
    return Failure(
        error.code(),
        info.reason if info and info.domain == DOMAIN else "",
        error.details() or "",
        tuple(fault for fault in faults if fault),
        max(0.0, retry.retry_delay.ToTimedelta().total_seconds()) if retry else 0.0,
    )


def _fault(path: str, description: str) -> RowFault | None:
    """Returns the fault that `outcomes[3].value` and `INVALID_FIELD: 7 is ...` tell of."""
    match = _row_path(path)
    reason, _, message = description.partition(": ")
    return RowFault(int(match[1]), reason, message, match[2]) if match else None


def _rich(error: grpc.RpcError) -> status_pb2.Status:
    # The stubs have a wrong type here: they are pairs.
    trailers: Any = error.trailing_metadata() or ()
    for key, value in trailers:
        if key == DETAILS_KEY:
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                break
    return status_pb2.Status()


def _first(rich: status_pb2.Status, kind: Any) -> Any:  # a message class, and a message of it or None
    for packed in rich.details:
        if packed.Is(kind.DESCRIPTOR):
            part = kind()
            packed.Unpack(part)
            return part
    return None
