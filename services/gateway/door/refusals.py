"""What HTTP itself refuses: no such path, no such method, bodies that are none of ours. No RPC has these."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Reason(StrEnum):
    """Says why a request was refused before it became a call."""

    ROUTE_NOT_FOUND = "ROUTE_NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    BODY_TOO_SLOW = "BODY_TOO_SLOW"
    BAD_REQUEST = "BAD_REQUEST"


class HttpRefusal(Exception):  # noqa: N818  # named as the platform's errors are
    """Is a request that is refused.

    Attributes:
        status: The HTTP status.
        reason: What programs act on.
        message: What was wrong and what to do.
        metadata: The dynamic parts of the message.
        headers: What HTTP wants beside.
    """

    def __init__(
        self,
        status: int,
        reason: Reason,
        message: str,
        *,
        metadata: Mapping[str, str] = MappingProxyType({}),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata)
        self.headers = dict(headers)


def route_not_found(path: str) -> HttpRefusal:
    """Returns the refusal of a path that nothing answers."""
    return HttpRefusal(404, Reason.ROUTE_NOT_FOUND, "nothing answers at this path", metadata={"path": path[:200]})


def method_not_allowed(method: str, allowed: str) -> HttpRefusal:
    """Returns the refusal of a method that the path does not have."""
    return HttpRefusal(
        405,
        Reason.METHOD_NOT_ALLOWED,
        f"this path does not have {method[:20]}; it has {allowed}",
        metadata={"method": method[:20], "allowed": allowed},
        headers={"Allow": allowed},
    )


def body_too_large(limit: int) -> HttpRefusal:
    """Returns the refusal of a body that is too large."""
    return HttpRefusal(413, Reason.BODY_TOO_LARGE, f"a body has at most {limit} bytes", metadata={"limit": str(limit)})


def body_too_slow(seconds: float) -> HttpRefusal:
    """Returns the refusal of a body that does not come."""
    return HttpRefusal(
        408,
        Reason.BODY_TOO_SLOW,
        f"the body did not come within {seconds:g} s",
        metadata={"seconds": f"{seconds:g}"},
        headers={"Connection": "close"},
    )


def two_lengths() -> HttpRefusal:
    """Returns the refusal of a request that a proxy may take to end elsewhere: what follows may be another's."""
    message = "a request says how long it is by Content-Length or by Transfer-Encoding, never by both"
    return HttpRefusal(400, Reason.BAD_REQUEST, message, headers={"Connection": "close"})


def not_http() -> HttpRefusal:
    """Returns the refusal of what is no request of HTTP."""
    return HttpRefusal(400, Reason.BAD_REQUEST, "this is no request of HTTP/1.1", headers={"Connection": "close"})


def unsupported_media_type(given: str) -> HttpRefusal:
    """Returns the refusal of a body of another type."""
    return HttpRefusal(
        415,
        Reason.UNSUPPORTED_MEDIA_TYPE,
        "a body must be application/json, in UTF-8 and not compressed",
        metadata={"content_type": given[:200]},
        headers={"Accept": "application/json"},
    )
