"""Who calls, and whether these credentials allow what is about to be asked for."""

from experimentation.v1 import identity_service_pb2 as pb
from services.admin.clients import CALL_SECONDS
from services.admin.session import Session
from shared.identity.permission import Permission
from shared.identity.refusals import permission_denied
from shared.rpc import client


def permitted(session: Session, permission: Permission) -> str:
    """Returns the caller's principal id, so that nobody is asked about what would be refused.

    Raises:
        PermissionDenied: PERMISSION_DENIED, the credentials lack the permission.
        Unauthenticated: UNAUTHENTICATED.
    """
    with session.identities() as stub:
        caller = client.call(stub.GetCaller, pb.GetCallerRequest(), timeout_seconds=CALL_SECONDS)
    if permission not in caller.permissions:
        raise permission_denied(permission, caller.principal.principal_id)
    return caller.principal.principal_id
