"""Who may edit, judge, apply and withdraw change requests, as far as it depends on the request."""

from services.review.domain.change_request import Author, ChangeRequest, EditPolicyRules
from shared import errors
from shared.identity.permission import Permission
from shared.identity.principal import Principal, PrincipalKind, Role


def author(caller: Principal) -> Author:
    """Returns the caller as an author or reviewer."""
    return Author(caller.principal_id, caller.person_id, caller.kind is PrincipalKind.AGENT)


def require_human(request: ChangeRequest, caller: Principal) -> None:
    """Returns if the caller is a person; programs propose and never judge.

    Raises:
        PermissionDenied: APPROVAL_NOT_ALLOWED.
    """
    if caller.kind is not PrincipalKind.HUMAN:
        raise errors.PermissionDenied(
            errors.Reason.APPROVAL_NOT_ALLOWED,
            f"change request {request.change_request_id} needs a human, {caller.principal_id} is of kind {caller.kind}",
            metadata={"change_request_id": request.change_request_id, "obstacle": caller.kind.lower()},
        )


def require_author(request: ChangeRequest, caller: Principal) -> None:
    """Returns if the caller is one of the authors, or an admin.

    Raises:
        PermissionDenied: PERMISSION_DENIED.
    """
    me = author(caller)
    if Role.ADMIN not in caller.roles and not any(me.is_same_person(each) for each in request.authors):
        raise errors.PermissionDenied(
            errors.Reason.PERMISSION_DENIED,
            f"change request {request.change_request_id} is not yours: its requester, its contributors and admins may",
            metadata={"permission": "authorship"},
        )


def require_rule_maker(request: ChangeRequest, caller: Principal) -> None:
    """Returns if the request leaves the policy rules alone, or the caller is an admin, as who proposes rules must be.

    Raises:
        PermissionDenied: PERMISSION_DENIED.
    """
    if isinstance(request.change, EditPolicyRules) and Role.ADMIN not in caller.roles:
        raise errors.PermissionDenied(
            errors.Reason.PERMISSION_DENIED,
            f"change request {request.change_request_id} is about the policy rules: only admins may",
            metadata={"permission": Permission.POLICIES_PROPOSE.value},
        )
