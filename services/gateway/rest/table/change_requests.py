"""Change requests: what is proposed, and the verbs that move it on."""

from typing import Final

from services.gateway.rest.route import WHOLE, Etag, Events, Route

_TAG: Final = "change requests"
_ONE: Final = "/change-requests/{change_request_id}"
_EVENTS: Final = Events("change_request")


def _verb(method: str, path: str, rpc: str, *, if_match: Etag = Etag.REVISION) -> Route:
    return Route(
        method,
        path,
        f"ReviewService.{rpc}",
        _TAG,
        body=WHOLE,
        answer="change_request",
        etag=Etag.REVISION,
        if_match=if_match,
    )


ROUTES: Final = (
    Route("GET", "/change-requests", "ReviewService.ListChangeRequests", _TAG, query="filter"),
    Route("GET", "/change-requests/events", "ReviewService.WatchChangeRequests", _TAG, query="filter", events=_EVENTS),
    Route("GET", _ONE, "ReviewService.GetChangeRequest", _TAG, answer="change_request", etag=Etag.REVISION),
    Route("GET", f"{_ONE}/events", "ReviewService.WatchChangeRequests", _TAG, events=_EVENTS),
    _verb("PATCH", _ONE, "EditChangeRequest"),
    _verb("POST", f"{_ONE}/submit", "SubmitChangeRequest"),
    _verb("POST", f"{_ONE}/approve", "ApproveChangeRequest"),
    _verb("POST", f"{_ONE}/reject", "RejectChangeRequest"),
    _verb("POST", f"{_ONE}/request-changes", "RequestChanges"),
    _verb("POST", f"{_ONE}/apply", "ApplyChangeRequest"),
    _verb("POST", f"{_ONE}/emergency-apply", "EmergencyApply"),
    _verb("POST", f"{_ONE}/comments", "AddComment", if_match=Etag.NONE),
    _verb("POST", f"{_ONE}/cancel", "CancelChangeRequest", if_match=Etag.NONE),
    _verb("POST", f"{_ONE}/sign", "SignEmergency", if_match=Etag.NONE),
)
