"""Exit codes: every kind and reason has the documented one."""

import pytest

from services.admin import exit_codes
from services.admin.exit_codes import MEANINGS, ExitCode
from shared import errors
from shared.errors import Kind, Reason


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.InvalidArgument, 2),
        (errors.NotFound, 3),
        (errors.Unauthenticated, 4),
        (errors.PermissionDenied, 4),
        (errors.Aborted, 5),
        (errors.AlreadyExists, 5),
        (errors.Unavailable, 7),
        (errors.DeadlineExceeded, 7),
        (errors.ResourceExhausted, 7),
        (errors.FailedPrecondition, 1),
        (errors.Internal, 1),
    ],
)
def test_code_when_an_error_is_of_a_kind_then_the_documented_one(kind: type[errors.PlatformError], code: int) -> None:
    assert exit_codes.of(kind(Reason.INTERNAL, "m")) == code


def test_code_when_approvals_are_missing_then_6() -> None:
    assert exit_codes.of(errors.FailedPrecondition(Reason.APPROVAL_REQUIRED, "m")).value == 6


def test_code_when_a_kind_is_added_then_it_has_one() -> None:
    for kind in Kind:
        error = type("Some", (errors.PlatformError,), {"kind": kind})
        assert exit_codes.of(error(Reason.INTERNAL, "m")) in MEANINGS


def test_meanings_when_listed_then_every_code_has_one() -> None:
    assert set(MEANINGS) == set(ExitCode)
