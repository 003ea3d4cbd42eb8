"""Tells handlers who makes the call that they answer."""

from collections.abc import Callable
from contextvars import ContextVar

from shared.identity.principal import Caller

_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)
_confirm: ContextVar[Callable[[], Caller] | None] = ContextVar("confirm", default=None)


def bind(caller: Caller) -> None:
    """Makes the caller the one of this context's call."""
    _caller.set(caller)


def bind_confirmation(confirm: Callable[[], Caller]) -> None:
    """Makes `confirm` ask this for as long as the stream lasts."""
    _confirm.set(confirm)


def current() -> Caller:
    """Returns who makes the call that is under way here.

    Raises:
        LookupError: No call is under way.
    """
    caller = _caller.get()
    if caller is None:
        raise LookupError("nobody calls here: this is no RPC")
    return caller


def confirm() -> None:
    """Returns if the caller of the stream under way here may go on; a stream that waited asks, and each message does.

    Raises:
        Unauthenticated: UNAUTHENTICATED, the credentials are no longer good.
        PermissionDenied: PERMISSION_DENIED, the permission was taken away.
        LookupError: No stream is under way.
    """
    ask = _confirm.get()
    if ask is None:
        raise LookupError("nobody listens here: this is no stream")
    ask()
