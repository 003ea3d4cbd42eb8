"""The errors that the platform raises: a kind, a reason that programs act on, a message for people.

PlatformError
├── InvalidArgument      the request is wrong, whatever the state
├── Unauthenticated      nobody knows who calls
├── PermissionDenied     the caller may not do this
├── NotFound             what it names is not here
├── AlreadyExists        what it names is taken
├── FailedPrecondition   the request does not fit the state
├── Aborted              somebody else was faster
├── ResourceExhausted    a limit is reached
├── Unavailable          try again later
├── DeadlineExceeded     not done in time
└── Internal             a defect

`shared.rpc.status` maps the kinds to gRPC codes; nothing else does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar


class Kind(StrEnum):
    """Says what sort of failure it is; the names are gRPC's."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAVAILABLE = "UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL = "INTERNAL"


class Reason(StrEnum):
    """Says why; the members are those of `ErrorReason` in error_reason.proto, without its prefix."""

    INVALID_FIELD = "INVALID_FIELD"
    INVALID_PAGE_TOKEN = "INVALID_PAGE_TOKEN"
    INVALID_TOKEN = "INVALID_TOKEN"
    EXPIRED_TOKEN = "EXPIRED_TOKEN"
    ALL_ROWS_REJECTED = "ALL_ROWS_REJECTED"
    EXPERIMENT_NOT_FOUND = "EXPERIMENT_NOT_FOUND"
    EXPERIMENT_ALREADY_EXISTS = "EXPERIMENT_ALREADY_EXISTS"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    ETAG_MISMATCH = "ETAG_MISMATCH"
    INVALID_STATE = "INVALID_STATE"
    POLICY_VERSION_UNKNOWN = "POLICY_VERSION_UNKNOWN"
    SPOOL_FULL = "SPOOL_FULL"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    OVERLOADED = "OVERLOADED"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    DRAINING = "DRAINING"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL = "INTERNAL"
    NOT_ESTIMABLE = "NOT_ESTIMABLE"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    APPROVAL_NOT_ALLOWED = "APPROVAL_NOT_ALLOWED"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"
    STALE_REVISION = "STALE_REVISION"
    CHANGE_REQUEST_NOT_FOUND = "CHANGE_REQUEST_NOT_FOUND"
    POLICY_NOT_FOUND = "POLICY_NOT_FOUND"
    PRINCIPAL_NOT_FOUND = "PRINCIPAL_NOT_FOUND"
    PRINCIPAL_ALREADY_EXISTS = "PRINCIPAL_ALREADY_EXISTS"
    TOKEN_NOT_FOUND = "TOKEN_NOT_FOUND"
    JOB_NOT_FOUND = "JOB_NOT_FOUND"
    HYPOTHESIS_NOT_FOUND = "HYPOTHESIS_NOT_FOUND"
    DESIGN_NOT_FOUND = "DESIGN_NOT_FOUND"
    ANALYSIS_NOT_FOUND = "ANALYSIS_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """Names one field of a request and what is wrong with it.

    Attributes:
        field: Path from the request's root, such as `experiment.arms[2].arm_id`.
        description: What is wrong, for people.
    """

    field: str
    description: str


class PlatformError(Exception):
    """Is raised for every failure that a caller can act on.

    Attributes:
        reason: What programs act on.
        message: What was wrong and what to do, without internals.
        metadata: The dynamic parts of the message, for programs.
        violations: The fields at fault, where there are any.
        retry_after_seconds: When to try again, where that is known.
    """

    kind: ClassVar[Kind]

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        metadata: Mapping[str, str] = MappingProxyType({}),
        violations: Sequence[FieldViolation] = (),
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata)
        self.violations = tuple(violations)
        self.retry_after_seconds = retry_after_seconds


class InvalidArgument(PlatformError):
    """The request is wrong, whatever the state."""

    kind = Kind.INVALID_ARGUMENT


class Unauthenticated(PlatformError):
    """Nobody knows who calls."""

    kind = Kind.UNAUTHENTICATED


class PermissionDenied(PlatformError):
    """The caller may not do this."""

    kind = Kind.PERMISSION_DENIED


class NotFound(PlatformError):
    """What the request names is not here."""

    kind = Kind.NOT_FOUND


class AlreadyExists(PlatformError):
    """What the request would make is there already, and different."""

    kind = Kind.ALREADY_EXISTS


class FailedPrecondition(PlatformError):
    """The request does not fit the state."""

    kind = Kind.FAILED_PRECONDITION


class Aborted(PlatformError):
    """Somebody else was faster: read again, decide again."""

    kind = Kind.ABORTED


class ResourceExhausted(PlatformError):
    """A limit is reached."""

    kind = Kind.RESOURCE_EXHAUSTED


class Unavailable(PlatformError):
    """Try again later."""

    kind = Kind.UNAVAILABLE


class DeadlineExceeded(PlatformError):
    """Not done in time; whether it took effect is not known."""

    kind = Kind.DEADLINE_EXCEEDED


class Internal(PlatformError):
    """A defect of the platform."""

    kind = Kind.INTERNAL


def invalid_field(field: str, description: str) -> InvalidArgument:
    """Returns the error for one bad field."""
    return invalid_fields([FieldViolation(field, description)])


def invalid_fields(violations: Sequence[FieldViolation]) -> InvalidArgument:
    """Returns the error for bad fields; its message names them all."""
    message = "; ".join(": ".join(filter(None, (each.field, each.description))) for each in violations)
    return InvalidArgument(Reason.INVALID_FIELD, message, violations=violations)


def experiment_not_found(experiment_id: str) -> NotFound:
    """Returns the error for an experiment that is not here."""
    return NotFound(
        Reason.EXPERIMENT_NOT_FOUND,
        f"there is no experiment {experiment_id!r} here",
        metadata={"experiment_id": experiment_id},
    )
