"""The errors for those who are not known, and for those who may not."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shared import errors
from shared.identity.permission import Permission


class Problem(StrEnum):
    """Says what is wrong with a call's credentials."""

    MISSING = "missing"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    DISABLED = "disabled"


_WORDS: Final[Mapping[Problem, str]] = {
    Problem.MISSING: "the call carries no credentials: send `authorization: Bearer <token>`",
    Problem.MALFORMED: "the credentials are not of the form `authorization: Bearer <token>`",
    Problem.UNKNOWN: "the credentials are not known here",
    Problem.EXPIRED: "the credentials are no longer good: they have expired",
    Problem.REVOKED: "the credentials are no longer good: they were revoked",
    Problem.DISABLED: "the principal of these credentials is disabled",
}


def unauthenticated(problem: Problem) -> errors.Unauthenticated:
    """Returns the error for a call of nobody who is known."""
    return errors.Unauthenticated(errors.Reason.UNAUTHENTICATED, _WORDS[problem], metadata={"problem": problem})


def permission_denied(permission: Permission, principal_id: str) -> errors.PermissionDenied:
    """Returns the error for a caller who lacks a permission; it says nothing about what the call names."""
    return errors.PermissionDenied(
        errors.Reason.PERMISSION_DENIED,
        f"permission {permission.value!r} is needed, which these credentials of {principal_id!r} do not have",
        metadata={"permission": permission},
    )


def unmapped(path: str) -> errors.PermissionDenied:
    """Returns the error for a method that no permission opens."""
    return errors.PermissionDenied(
        errors.Reason.PERMISSION_DENIED, f"no permission opens {path}", metadata={"permission": ""}
    )
