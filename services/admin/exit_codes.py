"""What the exit code says of how a command ended."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from shared.errors import Kind, PlatformError, Reason


class ExitCode(IntEnum):
    """Is how a command ends."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    CONFLICT = 5
    APPROVAL_REQUIRED = 6
    UNAVAILABLE = 7
    INTERRUPTED = 130


MEANINGS: Final[Mapping[ExitCode, str]] = MappingProxyType(
    {
        ExitCode.OK: "done as asked",
        ExitCode.ERROR: "failed in a way that no other code names",
        ExitCode.USAGE: "arguments, environment or file are not usable",
        ExitCode.NOT_FOUND: "what was named is not there",
        ExitCode.NOT_ALLOWED: "not signed in, or not allowed",
        ExitCode.CONFLICT: "somebody else was faster, or the name is taken: look again, decide again",
        ExitCode.APPROVAL_REQUIRED: "the change waits for approval; it was not made",
        ExitCode.UNAVAILABLE: "a service did not answer, or not in time: try again",
        ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
    }
)

_KINDS: Final[Mapping[Kind, ExitCode]] = MappingProxyType(
    {
        Kind.INVALID_ARGUMENT: ExitCode.USAGE,
        Kind.UNAUTHENTICATED: ExitCode.NOT_ALLOWED,
        Kind.PERMISSION_DENIED: ExitCode.NOT_ALLOWED,
        Kind.NOT_FOUND: ExitCode.NOT_FOUND,
        Kind.ALREADY_EXISTS: ExitCode.CONFLICT,
        Kind.FAILED_PRECONDITION: ExitCode.ERROR,
        Kind.ABORTED: ExitCode.CONFLICT,
        Kind.RESOURCE_EXHAUSTED: ExitCode.UNAVAILABLE,
        Kind.UNAVAILABLE: ExitCode.UNAVAILABLE,
        Kind.DEADLINE_EXCEEDED: ExitCode.UNAVAILABLE,
        Kind.INTERNAL: ExitCode.ERROR,
    }
)
_REASONS: Final[Mapping[Reason, ExitCode]] = MappingProxyType({Reason.APPROVAL_REQUIRED: ExitCode.APPROVAL_REQUIRED})


def of(error: PlatformError) -> ExitCode:
    """Returns the exit code of a command that the error ended."""
    return _REASONS.get(error.reason, _KINDS[error.kind])
