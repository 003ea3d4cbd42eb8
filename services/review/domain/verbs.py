"""The one table of change requests: which verb is open in which state, and where it may lead."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from services.review.domain.change_request import ChangeRequest, ChangeRequestState
from shared import errors

(
    DRAFT,
    PENDING,
    CHANGES_REQUESTED,
    APPROVED,
    SCHEDULED,
    APPLYING,
    APPLIED,
    REJECTED,
    CANCELLED,
    EXPIRED,
    FAILED,
) = ChangeRequestState


class Verb(StrEnum):
    """Says what is done to a change request."""

    SUBMIT = "submit"
    EDIT = "edit"
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"
    CANCEL = "cancel"
    EXPIRE = "expire"
    APPLY = "apply"
    EMERGENCY_APPLY = "emergency_apply"
    COMPLETE = "complete"
    FAIL = "fail"
    SIGN_EMERGENCY = "sign_emergency"


States = frozenset[ChangeRequestState]

_WAITING = frozenset({PENDING, CHANGES_REQUESTED})
_READY = frozenset({APPROVED, SCHEDULED})
_JUDGED = _WAITING | _READY
_OPEN = frozenset({DRAFT, FAILED}) | _JUDGED


def _each(states: States, *to: ChangeRequestState) -> dict[ChangeRequestState, States]:
    return dict.fromkeys(states, frozenset(to))


TRANSITIONS: Mapping[Verb, Mapping[ChangeRequestState, States]] = MappingProxyType(
    {
        Verb.SUBMIT: _each(frozenset({DRAFT}), PENDING, *_READY),
        Verb.EDIT: {DRAFT: frozenset({DRAFT}), **_each(_JUDGED | {FAILED}, PENDING, *_READY)},
        Verb.APPROVE: _each(_WAITING, *_JUDGED),
        Verb.REQUEST_CHANGES: _each(_JUDGED, CHANGES_REQUESTED),
        Verb.REJECT: _each(_JUDGED, REJECTED),
        Verb.CANCEL: _each(_OPEN, CANCELLED),
        Verb.EXPIRE: _each(_OPEN, EXPIRED),
        Verb.APPLY: _each(_READY, APPLYING),
        Verb.EMERGENCY_APPLY: _each(_JUDGED, APPLYING),
        Verb.COMPLETE: _each(frozenset({APPLYING}), APPLIED),
        Verb.FAIL: _each(frozenset({APPLYING}), FAILED),
        Verb.SIGN_EMERGENCY: _each(frozenset({APPLIED}), APPLIED),
    }
)
"""APPLYING is passed through within one transaction: nobody ever reads it."""


def require_open(verb: Verb, request: ChangeRequest) -> None:
    """Returns if the verb is open in the request's state.

    Raises:
        FailedPrecondition: INVALID_STATE, it is not.
    """
    if request.state not in TRANSITIONS[verb]:
        raise errors.FailedPrecondition(
            errors.Reason.INVALID_STATE,
            f"change request {request.change_request_id} is {request.state}; "
            f"only one that is {_or(sorted(TRANSITIONS[verb]))} can be {_PAST[verb]}",
            metadata={"change_request_id": request.change_request_id, "state": request.state.value},
        )


_PAST: Mapping[Verb, str] = MappingProxyType(
    {
        Verb.SUBMIT: "submitted",
        Verb.EDIT: "edited",
        Verb.APPROVE: "approved",
        Verb.REQUEST_CHANGES: "sent back",
        Verb.REJECT: "rejected",
        Verb.CANCEL: "cancelled",
        Verb.EXPIRE: "expired",
        Verb.APPLY: "applied",
        Verb.EMERGENCY_APPLY: "applied in an emergency",
        Verb.COMPLETE: "completed",
        Verb.FAIL: "failed",
        Verb.SIGN_EMERGENCY: "signed",
    }
)


def _or(states: list[ChangeRequestState]) -> str:
    *others, last = states
    return f"{', '.join(others)} or {last}" if others else last
