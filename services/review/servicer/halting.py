"""Who may halt an experiment: such changes are asked of no policy rule, so that a permission guards them."""

from collections.abc import Callable
from typing import TypeAlias

from experimentation.v1 import experiment_service_pb2 as pb
from shared.identity.permission import Permission
from shared.identity.principal import Caller, PrincipalKind
from shared.identity.refusals import permission_denied
from shared.rpc import caller

OnDenied: TypeAlias = Callable[[Caller, str], None]


def to_nobody(_caller: Caller, _action: str) -> None:
    """Tells nobody."""


def require_permission(change: pb.Change, action: str, on_denied: OnDenied, *, control: Callable[[], str]) -> None:
    """Returns if the caller may propose the change: a halt takes effect at once.

    Not so an agent's: that waits for somebody's approval like all that an agent writes, so that it may propose one.

    Args:
        change: Is proposed.
        action: What the audit log calls it.
        on_denied: Is told of a refusal.
        control: Returns the control's arm; is asked where it matters.

    Raises:
        PermissionDenied: PERMISSION_DENIED.
    """
    who = caller.current()
    waits = who.principal.kind is PrincipalKind.AGENT
    if not waits and Permission.EXPERIMENTS_HALT not in who.permissions and _is_halt(change, control):
        on_denied(who, action)
        raise permission_denied(Permission.EXPERIMENTS_HALT, who.principal_id)


def _is_halt(change: pb.Change, control: Callable[[], str]) -> bool:
    kind = change.WhichOneof("kind")
    return kind == "pause" or (kind == "stop" and change.stop.shipped_arm_id in ("", control()))
