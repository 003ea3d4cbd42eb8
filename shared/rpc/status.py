"""Maps the platform's errors to gRPC statuses and back, and their kinds to HTTP's; no other place knows both."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import grpc
from google.protobuf import any_pb2, duration_pb2, message
from google.rpc import error_details_pb2, status_pb2

from shared import errors
from shared.errors import Kind, Reason

DOMAIN: Final = "experimentation"
DETAILS_KEY: Final = "grpc-status-details-bin"
PUSHBACK_KEY: Final = "grpc-retry-pushback-ms"

# Clients refuse trailers above 8 KiB, base64 and the message's second copy included.
MAX_MESSAGE_CHARACTERS: Final = 500
MAX_VIOLATIONS_BYTES: Final = 3000

CODES: Final[Mapping[Kind, grpc.StatusCode]] = MappingProxyType({kind: grpc.StatusCode[kind.value] for kind in Kind})

# A request that does not fit the state is no malformed one: 409, where google.rpc.Code would have it 400.
HTTP_STATUSES: Final[Mapping[Kind, int]] = MappingProxyType(
    {
        Kind.INVALID_ARGUMENT: 400,
        Kind.UNAUTHENTICATED: 401,
        Kind.PERMISSION_DENIED: 403,
        Kind.NOT_FOUND: 404,
        Kind.ALREADY_EXISTS: 409,
        Kind.FAILED_PRECONDITION: 409,
        Kind.ABORTED: 409,
        Kind.RESOURCE_EXHAUSTED: 429,
        Kind.UNAVAILABLE: 503,
        Kind.DEADLINE_EXCEEDED: 504,
        Kind.INTERNAL: 500,
    }
)

_ERRORS: Final[Mapping[grpc.StatusCode, type[errors.PlatformError]]] = MappingProxyType(
    {
        CODES[error.kind]: error
        for error in (
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
    }
)

# What gRPC itself says without a reason: it cannot reach a server, or a message is over its limit.
_TRANSPORT: Final[Mapping[grpc.StatusCode, tuple[type[errors.PlatformError], Reason]]] = MappingProxyType(
    {
        grpc.StatusCode.UNAVAILABLE: (errors.Unavailable, Reason.DRAINING),
        grpc.StatusCode.CANCELLED: (errors.Unavailable, Reason.DRAINING),
        grpc.StatusCode.DEADLINE_EXCEEDED: (errors.DeadlineExceeded, Reason.DEADLINE_EXCEEDED),
        grpc.StatusCode.RESOURCE_EXHAUSTED: (errors.ResourceExhausted, Reason.LIMIT_EXCEEDED),
    }
)


@dataclass(frozen=True, slots=True)
class Status(grpc.Status):
    """Is what a handler aborts with."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...]


def to_status(error: errors.PlatformError) -> Status:
    """Returns the error as a status with one ErrorInfo and, where they apply, BadRequest, RetryInfo and a pushback.

    Messages and violations are cut so that the trailers stay within what clients accept.
    """
    code = CODES[error.kind]
    details = _cut(error.message, MAX_MESSAGE_CHARACTERS)
    rich = status_pb2.Status(code=code.value[0], message=details, details=[_packed(part) for part in _details(error)])
    trailers: list[tuple[str, str | bytes]] = [(DETAILS_KEY, rich.SerializeToString())]
    if error.retry_after_seconds is not None:
        trailers.append((PUSHBACK_KEY, str(math.ceil(error.retry_after_seconds * 1000))))
    return Status(code, details, tuple(trailers))


def from_rpc_error(error: grpc.RpcError) -> errors.PlatformError:
    """Returns the error that a call raised as the platform's.

    A reason of a newer server becomes INTERNAL with the metadata key "reason". What gRPC itself reports has no reason:
    a server that cannot be reached and a cancelled call become UNAVAILABLE / DRAINING, and a code that the platform
    does not use becomes INTERNAL.
    """
    code, details = error.code(), error.details() or ""
    rich = _rich(error)
    info = rich and _first(rich, error_details_pb2.ErrorInfo)
    if rich is None or info is None or info.domain != DOMAIN or code not in _ERRORS:
        kind, reason = _TRANSPORT.get(code, (errors.Internal, Reason.INTERNAL))
        return kind(reason, f"{code.name}: {details}")
    known = info.reason in Reason.__members__
    bad = _first(rich, error_details_pb2.BadRequest)
    retry = _first(rich, error_details_pb2.RetryInfo)
    return _ERRORS[code](
        Reason[info.reason] if known else Reason.INTERNAL,
        details,
        metadata=dict(info.metadata) if known else {**info.metadata, "reason": info.reason},
        violations=[errors.FieldViolation(v.field, v.description) for v in bad.field_violations] if bad else (),
        retry_after_seconds=retry.retry_delay.ToTimedelta().total_seconds() if retry else None,
    )


def _details(error: errors.PlatformError) -> Iterator[message.Message]:
    yield error_details_pb2.ErrorInfo(reason=error.reason.value, domain=DOMAIN, metadata=error.metadata)
    if error.violations:
        yield _bad_request(error.violations)
    if error.retry_after_seconds is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(math.ceil(error.retry_after_seconds * 1000))
        yield error_details_pb2.RetryInfo(retry_delay=delay)


def _bad_request(violations: tuple[errors.FieldViolation, ...]) -> error_details_pb2.BadRequest:
    """Returns as many of the violations as fit, and at the end how many do not."""
    bad = error_details_pb2.BadRequest()
    for index, violation in enumerate(violations):
        bad.field_violations.add(field=_cut(violation.field, 200), description=_cut(violation.description, 300))
        if bad.ByteSize() > MAX_VIOLATIONS_BYTES:
            del bad.field_violations[-1]
            bad.field_violations.add(description=f"{len(violations) - index} more fields are at fault")
            break
    return bad


def _cut(text: str, characters: int) -> str:
    # Lone surrogates cannot be sent.
    clean = text.encode("utf-8", "replace").decode()
    return clean if len(clean) <= characters else clean[: characters - 1] + "…"


def _packed(part: message.Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(part)
    return packed


def _rich(error: grpc.RpcError) -> status_pb2.Status | None:
    # The stubs have a wrong type here: they are pairs.
    trailers: Any = error.trailing_metadata() or ()
    for key, value in trailers:
        if key == DETAILS_KEY:
            try:
                return status_pb2.Status.FromString(value)
            except message.DecodeError:
                return None
    return None


def _first(rich: status_pb2.Status, kind: Any) -> Any:
    """Returns the first detail of the message class; None when there is none."""
    for packed in rich.details:
        if packed.Is(kind.DESCRIPTOR):
            part = kind()
            packed.Unpack(part)
            return part
    return None
